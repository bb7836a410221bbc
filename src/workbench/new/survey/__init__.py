"""How a survey is read: its questions, their scales, several answers in one."""
