"""The decisions as people read them: their page, one of them, a list of all; effects are computed from what is kept.

An effect is made of the records, searches and tables that are committed under docs/reproduction, never typed: whatever
has no record there is said to be not measured yet.
"""
