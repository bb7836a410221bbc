"""Who leaves, when, and whom to call first."""
