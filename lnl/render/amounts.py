"""Durations and sizes as people say them. Standard library only."""

from __future__ import annotations


def duration(hours: float) -> str:
    """12 s, 4 min, 3.2 h, 5 d: as people say it."""
    if hours * 3600 < 90:
        return f"{hours * 3600:.0f} s"
    if hours < 1.5:
        return f"{hours * 60:.0f} min"
    if hours < 48:
        return f"{hours:.1f} h"
    return f"{hours / 24:.1f} d" if hours < 240 else f"{hours / 24:,.0f} d"


def size(megabytes: float) -> str:
    """12 MB, 1.5 GB: as people say it."""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
