"""What `workbench check` says of a study: contracts, coverage, doubts, a preview."""
