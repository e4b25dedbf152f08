"""How many examples a property is tried on: as many as its test says, the same ones every time, so that what was green
stays green; `make hunt` draws others each time, and many times as many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings

_times = 1


def hunt(times: int) -> None:
    """Settings of all properties, before their modules are imported; times: 0 for the same examples every time."""
    global _times
    _times = max(1, times)
    # No test is timed: it would fail on a busy machine alone.
    settings.register_profile("suite", deadline=None, derandomize=not times, max_examples=100 * _times)
    settings.load_profile("suite")


def examples(count: int) -> Callable[[Any], Any]:
    """Decorator: as many examples, or as many times more as are hunted."""
    return settings(max_examples=count * _times)
