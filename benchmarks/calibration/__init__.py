"""Do the intervals of `workbench.impact` hold what they promise: measured on simulated cases."""
