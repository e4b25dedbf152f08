"""What the documents claim in words: declared in claims/*.yaml, tested on records and on the printed numbers.

Importing this package costs nothing; `lnl.declared.claims` is standard library only, so that the DAG can read it.
"""
