"""S2E's search of R(t): spaces of curves, distributions on them, and algorithms that propose candidates."""
