"""What a table is: its kind, and the roles of its columns."""
