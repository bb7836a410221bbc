"""One file that holds a run, for others to check: packed, sealed, and verified elsewhere.

`pack` puts everything that a run stands on and came to into one archive; `verify` reads such an
archive as a stranger would, and says of everything whether it is as it was sealed, whether what the
pages say stands in the results, and whether the study comes to the same when it is run again.
"""
