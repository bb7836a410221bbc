"""Where tables come from: files, queries, installed packages."""
