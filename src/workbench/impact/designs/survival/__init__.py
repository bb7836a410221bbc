"""Time until an event, such as leaving."""
