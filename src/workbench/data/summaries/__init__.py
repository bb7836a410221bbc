"""The log added up inside the engine: by customer, month, order, step and account."""
