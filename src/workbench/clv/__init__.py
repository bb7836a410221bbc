"""What customers are worth, and for how long: purchase models, spend, value, validation."""
