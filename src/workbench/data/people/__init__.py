"""What may be known of a person: linkage, pseudonyms, masking."""
