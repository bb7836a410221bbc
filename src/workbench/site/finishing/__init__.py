"""From rendered pages to the site that is published: one shell, accessible, searchable."""
