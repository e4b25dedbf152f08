"""Searches for what goes wrong, seeded and counted: `python -m tests.faults.<name>`, from the root of a checkout.

The modules of tests/ are found by their own names, as pytest has it.
"""

import sys
from pathlib import Path

TESTS = str(Path(__file__).resolve().parents[1])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)
