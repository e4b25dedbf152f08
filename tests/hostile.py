"""What tests hand to the suite in the place of a sound file."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Hostile:
    """What a pickle can hold so that loading it writes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.write_text, (self.marker, "ran")
