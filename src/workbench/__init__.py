"""Customer-management studies, from data to a published report."""
