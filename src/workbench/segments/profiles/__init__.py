"""What the groups are like: attributes, personas, fairness."""
