"""A finished site held against itself before anybody sees it."""
