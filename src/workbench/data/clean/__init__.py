"""Rows read, judged, and set aside where they cannot be used."""
