"""The instrument as data: what is asked, rated and observed, of how many people."""
