"""How people and systems write numbers, days, money and answers."""
