"""The loop, evaluation, random streams, metrics, checkpoints: everything that exists once for all methods."""
