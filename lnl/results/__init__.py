"""Records of runs, statistics over them, and the verdicts on claims."""
