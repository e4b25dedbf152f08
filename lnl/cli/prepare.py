"""`lnl prepare`: manifests of data sets and label vectors. The bytes behind them are a cache."""

from __future__ import annotations

from pathlib import Path

from lnl.data.manifest import manifest
from lnl.data.prepare import load
from lnl.declared import paths
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.files import write_json_atomic
from lnl.noise.manifest import ensure_labels, write_manifest


def data(suite: Suite, dataset: str) -> None:
    """Write the manifest of one data set."""
    places = Places.of(suite.config)
    arrays = load(dataset, places.data_root, places.cache_root, places.accepted)
    write_json_atomic(Path(paths.data(suite.scale, dataset)), manifest(dataset, arrays))


def noise(suite: Suite, dataset: str, key: str, generator: str, seed: int) -> None:
    """Write the manifest of one vector of given labels; UserError if it differs from one in use."""
    places = Places.of(suite.config)
    arrays = load(dataset, places.data_root, places.cache_root, places.accepted)
    _, content = ensure_labels(arrays, dataset, key, generator, seed, places.cache_root, *places.label_file(key))
    write_manifest(Path(paths.noise(suite.scale, dataset, key, generator, seed)), content)
