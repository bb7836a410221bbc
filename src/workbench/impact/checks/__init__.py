"""What speaks against an answer."""
