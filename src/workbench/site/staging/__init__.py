"""From the last good runs to pages that either renderer can read."""
