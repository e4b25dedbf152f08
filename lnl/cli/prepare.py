"""`lnl prepare`: manifests of data sets and label vectors. The bytes behind them are a cache."""

from __future__ import annotations

from pathlib import Path

from lnl.data.manifest import manifest
from lnl.data.prepare import load
from lnl.declared import dependencies, paths
from lnl.declared.cells import Search
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.files import sealed
from lnl.noise.manifest import ensure_labels, write_manifest


def data(suite: Suite, dataset: str) -> None:
    """Write the manifest of one data set."""
    places = Places.of(suite.config)
    info = suite.dataset(dataset)
    arrays = load(info, places.data_root, places.cache_root, places.accepted)
    sealed.write(Path(paths.data(suite.scale, dataset)), manifest(info, arrays))


def for_search(suite: Suite, search: Search) -> None:
    """Write what a search depends on and nobody has written, so that its files can say on what they were made."""
    labels = dependencies.search_labels(suite, search)
    if not Path(paths.data(suite.scale, search.dataset)).exists():
        data(suite, search.dataset)
    if not Path(labels).exists():
        spec = suite.declared_search(search).candidate["noise"]
        seed = spec["seed"] if spec["vector"] == "fixed" else search.seed
        noise(suite, search.dataset, spec["key"], spec["generator"], seed)


def noise(suite: Suite, dataset: str, key: str, generator: str, seed: int) -> None:
    """Write the manifest of one vector of given labels; UserError if it differs from one in use."""
    places = Places.of(suite.config)
    info = suite.dataset(dataset)
    arrays = load(info, places.data_root, places.cache_root, places.accepted)
    _, content = ensure_labels(arrays, info, key, generator, seed, places.cache_root, *places.label_file(key))
    write_manifest(Path(paths.noise(suite.scale, dataset, key, generator, seed)), content)
