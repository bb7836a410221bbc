"""What satisfaction goes with: drivers, path models, the service chain."""
