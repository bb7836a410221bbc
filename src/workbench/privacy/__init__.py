"""What points at a person in a text: identifiers by shape, names, words that nobody knows."""
