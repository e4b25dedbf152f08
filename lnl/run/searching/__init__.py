"""Walking a search: propose, train, score, round after round."""
