"""What the suite consists of, as declared: protocols, cells, runs, searches, artefacts. Standard library, PyYAML."""
