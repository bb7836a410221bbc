"""Units that started at different times."""
