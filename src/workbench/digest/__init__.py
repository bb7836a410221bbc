"""The digest: who is told what, when something real has happened; three sentences and a link.

`notices` says what a run has to tell (its stored findings, data that are too old, what failed),
`message` writes it for one addressee, `told` remembers what each has been told, `deliver` sends it,
and `tell` does all of it.
"""
