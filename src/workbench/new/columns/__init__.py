"""What a column is: its words, its values, and what it is taken for."""
