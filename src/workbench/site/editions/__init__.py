"""What was published: archived editions, the records that pages stand on, unchanged pages."""
