"""What to build, where and on what: config/config.yaml, with what the command line says on top. Standard library only.

A file need not say everything: what it leaves out is as in the one that comes with the suite. Snakemake hands over
`--config seeds=[1,3]` as a list of words; here they become the numbers that they say.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lnl.declared.reading import read_mapping
from lnl.declared.yaml_text import parse
from lnl.errors import UserError

FILE = "config/config.yaml"
VARIABLE = "LNL_CONFIG"  # in which a head hands its configuration to its jobs, as JSON

DEFAULTS: Mapping[str, Any] = {
    "artefacts": None,
    "seeds": None,
    "data_root": None,
    "cache_root": ".cache/lnl",
    "device": "auto",
    "deterministic": False,
    "replay": False,
    "search_block": None,
    "news_features": "lsa",
    "unreadable_images": "refuse",
    "label_files": {},
    "accepted_digests": [],
    "overlay": [],
}
LARGEST_SEED = 2**32 - 1  # that numpy's legacy generators, which draw label vectors, take
MOST_REPEATS = 999  # below the seeds of searches' candidates (lnl/declared/searches.py, FIRST_SEED)

#: Keys whose values are words, and stay what was typed, be it a number (a folder called 2024).
WORDS = ("scale", "data_root", "cache_root", "device", "news_features", "unreadable_images")
NULLABLE = ("artefacts", "seeds", "data_root", "search_block")


def read(root: Path, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The configuration of a checkout, `given` on top of its file. UserError for a file that is none, or no scale."""
    values = {**DEFAULTS, **read_mapping(root / FILE)}
    values |= {key: _typed(key, value) for key, value in (given or {}).items()}
    if not isinstance(values.get("scale"), str) or not values["scale"]:
        raise UserError(f"{FILE}: key 'scale' is a word, such as demo: the name of a file in config/scales")
    if not isinstance(values["news_features"], str):
        raise UserError(f"{FILE}: 'news_features' is a word: lsa or glove")
    if values["unreadable_images"] not in ("refuse", "skip"):
        raise UserError(f"{FILE}: 'unreadable_images' is a word: refuse or skip")
    return values


def check_here(root: Path) -> None:
    """UserError where Snakemake works in another folder than its checkout: declarations and results lie in that."""
    if not Path(FILE).exists():
        raise UserError(f"no {FILE} in {Path.cwd()}; run snakemake in {root.resolve()}, without --directory")


def of_environment(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The configuration that LNL_CONFIG holds; nothing where it is not set. UserError where it holds something else."""
    try:
        found = json.loads(environment.get(VARIABLE) or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UserError(f'{VARIABLE}: is no JSON object such as {{"scale": "demo"}}; unset it')
    return found


def _typed(key: str, value: Any) -> Any:
    """What a value of the command line means. A mapping or a list arrives with nothing but words in it."""
    if key in WORDS:
        word = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        return None if key in NULLABLE and word in ("null", "~", "") else word
    if isinstance(value, str):
        typed = value.strip()
        if key == "artefacts" and typed not in ("null", "~") and not typed.startswith("["):
            return value
        found = parse(typed, Path(f"config key '{key}'"))
        if key == "seeds" and isinstance(found, str) and "," in found:
            raise UserError(f"config key 'seeds': {found} is no list; write seeds=[{found}]")
        return found
    if key == "seeds" and isinstance(value, list):
        return [_typed(key, each) if isinstance(each, str) else each for each in value]
    return value
