"""`lnl prepare`: manifests of data sets, label vectors and index sets. The bytes behind them are a cache."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lnl.data import set_manifest
from lnl.data.manifest import manifest
from lnl.data.prepare import load
from lnl.data.registry import DatasetInfo
from lnl.declared import dependencies, label_needs, noise_checks, paths, set_keys
from lnl.declared.cells import Search
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.files import sealed
from lnl.noise.keys import parse
from lnl.noise.kinds import OwnNoise
from lnl.noise.label_source import LabelFile
from lnl.noise.manifest import compared, ensure_labels, write_manifest
from lnl.noise.open_set import OpenSet, replaced, replaced_places
from lnl.noise.predicted import Predicted
from lnl.run import labels_kept, terminal

WORDS = {"train": "train", "validation": "validate", "test": "test"}


def data(suite: Suite, dataset: str) -> None:
    """Write the manifest of one data set."""
    places = Places.of(suite.config)
    info = suite.dataset(dataset)
    arrays = load(info, places.data_root, places.cache_root, places.accepted)
    place, content = Path(paths.data(suite.scale, dataset)), manifest(info, arrays)
    sealed.write(place, content)
    counts = ", ".join(
        f"{content['counts'][part]} to {word}" for part, word in WORDS.items() if content["counts"][part]
    )
    print(f"{dataset}: {info.classes} classes, {counts} -> {place}")
    for part, looked in arrays.looked.items():
        if looked["left_out"]:
            first = looked["left_out_files"][0]
            remark = f"{looked['left_out']:,} images are left out (unreadable_images: skip), the first: {first}"
            _aloud(f"lnl: {dataset}, {part}: {remark}; once mended, they are read again after `lnl clean --caches`")


def for_search(suite: Suite, search: Search) -> None:
    """Write what a search depends on and nobody has written, so that its files can say on what they were made."""
    labels = dependencies.search_labels(suite, search)
    if not Path(paths.data(suite.scale, search.dataset)).exists():
        data(suite, search.dataset)
    if not Path(labels).exists():
        spec = suite.declared_search(search).candidate["noise"]
        seed = spec["seed"] if spec["vector"] == "fixed" else search.seed
        noise(suite, search.dataset, spec["key"], spec["generator"], seed)


def declared(suite: Suite, dataset: str, noise: str) -> DatasetInfo:
    """The facts about a data set whose labels are to be drawn; UserError where it, or the noise, is unknown."""
    info = suite.dataset(dataset)
    with suite.layers.explained():
        noise_checks.declared(noise, suite.noises, "lnl prepare noise")
    return info


def noise(suite: Suite, dataset: str, key: str, generator: str, seed: int) -> None:
    """Write the manifest of one vector of given labels; UserError if it differs from one in use."""
    places = Places.of(suite.config, suite.root)
    info = declared(suite, dataset, key)
    by = dependencies.labeller(suite, key, dataset, seed)  # a name that means nothing is said before data are fetched
    where = places.data_root, places.cache_root, places.accepted
    arrays = load(info, *where)
    file, of = places.label_file(key), label_needs.training_file(suite, dataset)
    place = paths.noise(suite.scale, dataset, key, generator, seed)
    own = suite.own_noise(key, dataset)
    open_set = replaced(own, parse(key), seed, arrays, lambda of: load(of, *where))
    source: LabelFile | OwnNoise | OpenSet | Predicted | None = file or open_set or own
    if by is not None:
        from lnl.run.labelling import labels as predicted

        source = predicted(suite, by, key, place, arrays, places)
    labels, content = ensure_labels(arrays, info, key, generator, seed, places.cache_root, source, of)
    if file is not None:
        content = compared(arrays, labels, content, file)
        _say(file, key, dataset, content)
    elif isinstance(source, OwnNoise) and content["warning"]:
        _aloud(f"lnl: on {dataset} {content['warning']}")
    if isinstance(source, OpenSet):
        _say_replaced(key, dataset, content)
    write_manifest(Path(place), content)
    if by is not None:
        labels_kept.keep(suite, by, key, place)
        _say_predicted(key, dataset, content)


def sets(suite: Suite, dataset: str, key: str, seed: int) -> None:
    """Write the manifest of the index sets that runs with this seed draw; UserError where they cannot be drawn."""
    wanted, share = set_keys.meant(key)
    places = Places.of(suite.config)
    info = suite.dataset(dataset)
    arrays = load(info, places.data_root, places.cache_root, places.accepted)
    gone, limit = None, set_keys.left_by(key, seed)
    if limit is not None:
        gone = replaced_places(arrays.train_labels, parse(limit[0]), dataset, limit[1])
    chosen = set_manifest.drawn(arrays, info, wanted, share, seed, gone)
    place = Path(paths.sets(suite.scale, dataset, key, seed))
    sealed.write(place, set_manifest.manifest(arrays, info, key, chosen, seed))
    print(f"{', '.join(f'{len(found):,} {name}' for name, found in sorted(chosen.items()))} of {dataset} -> {place}")


def _say_replaced(key: str, dataset: str, content: dict[str, Any]) -> None:
    """How many images are replaced, and by whose."""
    found = content["out_of_distribution"]
    share = f"{100 * content['realised_rate']:.1f}%"
    of = " and ".join(f"{n:,} of {name}" for name, n in found["of"].items())
    print(f"{key} on {dataset}: {found['count']:,} of {content['examples']:,} images ({share}) are replaced, by {of}")


def _say_predicted(key: str, dataset: str, content: dict[str, Any]) -> None:
    """How many labels of a network are wrong, and classes that it never predicts: these on the terminal as well."""
    wrong, by = f"{100 * content['realised_rate']:.1f}%", content["source"]["labeller"]
    print(f"{key} on {dataset}: {wrong} of {content['examples']} labels that {by} predicts differ from the true ones")
    for remark in content.get("remarks", ()):
        _aloud(f"lnl: {key} on {dataset}: {remark}")


def _say(file: LabelFile, key: str, dataset: str, content: dict[str, Any]) -> None:
    """How far a user's labels agree with the true ones, and what looks misread: the latter on the terminal as well."""
    of_class = [(rate, label) for label, rate in enumerate(content["agreement_per_class"]) if rate is not None]
    least = f"fewest in class {min(of_class)[1]}, {100 * min(of_class)[0]:.1f}%"
    print(f"{file.path}: {100 * content['agreement']:.1f}% of {content['examples']} labels are the true ones, {least}")
    for remark in content["remarks"]:
        _aloud(f"lnl: {key} on {dataset}: {file.path}: {remark}")


def _aloud(line: str) -> None:
    """A line for whoever typed the command, and for the terminal of the head whose job it is."""
    print(line, file=sys.stderr)
    terminal.remark(line)
