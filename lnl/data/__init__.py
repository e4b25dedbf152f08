"""Data sets: what is known about them (`registry`), their prepared arrays (`prepare.load`), their parts (`splits`)."""
