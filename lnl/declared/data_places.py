"""Where data, caches and label files lie, from the configuration and the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lnl.declared import environment
from lnl.errors import UserError, nearest


@dataclass(frozen=True)
class Places:
    """Paths that a job needs and a record does not mention."""

    data_root: str | None
    cache_root: str
    accepted: tuple[str, ...] = ()
    label_files: tuple[tuple[str, str, str | None], ...] = ()  # name, path, field
    checkpoint_seconds: float = 60.0

    @classmethod
    def of(cls, config: dict[str, Any]) -> Places:
        """Places of a configuration; LNL_DATA_ROOT and LNL_CACHE_ROOT stand in where it says nothing else."""
        return cls(
            data_root=config.get("data_root") or os.environ.get("LNL_DATA_ROOT") or "data",
            cache_root=os.environ.get("LNL_CACHE_ROOT") or config.get("cache_root") or ".cache/lnl",
            accepted=tuple(config.get("accepted_digests") or ()),
            label_files=tuple((n, f["path"], f.get("field")) for n, f in (config.get("label_files") or {}).items()),
            checkpoint_seconds=environment.number("LNL_CHECKPOINT_SECONDS", 60.0, 0.0, 1e6),
        )

    def label_file(self, noise: str) -> tuple[Path | None, str | None]:
        """(file, field) behind a noise key file-<name>, (None, None) for any other; UserError for an unknown name."""
        if not noise.startswith("file-"):
            return None, None
        name = noise.removeprefix("file-")
        known = {n: (Path(p), f) for n, p, f in self.label_files}
        if name not in known:
            raise UserError(f"noise '{noise}': config key 'label_files' has no '{name}'{nearest(name, known)}")
        if not known[name][0].exists():
            raise UserError(f"config key 'label_files.{name}': {known[name][0]} does not exist")
        return known[name]
