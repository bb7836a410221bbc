"""What a case is judged from."""
