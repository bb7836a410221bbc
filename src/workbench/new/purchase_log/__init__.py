"""How a log of purchases is read: its rows, its money, its orders."""
