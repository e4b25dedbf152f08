"""Noise keys such as `symmetric-20` or `pair-45`: what they mean and which are valid (standard library only).

clean                 the true labels
symmetric-<percent>   with that probability another label, each of the other K-1 equally likely
pair-<percent>        with that probability the next class, the last one's next being the first
uniform-<percent>     with that probability a label drawn from all K, the own class included
<kind>-<percent>      a kind that is declared in config/noises/<kind>.yaml (`kinds`)
file-<name>           labels that a user brings; file-<name>.<field> is one array or column of a file
semantic-<network>    labels that a network predicts, which was trained on few clean examples (protocol labeller)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from lnl.errors import Unknown, UserError, alike

SHAPES = {
    "clean": "clean",
    "symmetric": "symmetric-<percent>",
    "pair": "pair-<percent>",
    "uniform": "uniform-<percent>",
    "file": "file-<name>",
    "semantic": "semantic-<network>",
}
SEMANTIC = "semantic"
OWN = "<kind>-<percent>, whose kind is a file config/noises/<kind>.yaml"
RANGES = {
    "symmetric": "above 0 and below 100 percent",
    "pair": "above 0 and at most 100 percent",
    "uniform": "above 0 and at most 100 percent",
}
MOST = "above 0 and at most 100 percent"  # of a kind that is declared
_KIND = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9_])?")
_PERCENT = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?")  # one spelling per number: keys are paths
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # of label files, and whatever a key can be: rates have a decimal point
_NETWORK = re.compile(r"[a-z0-9][a-z0-9_]*")


@dataclass(frozen=True)
class NoiseKey:
    """A noise: `rate` is the nominal rate in 0..1 (None for clean, file and semantic), `name` that of a file, or of the
    network that labels.

    A `kind` that is not in SHAPES is declared, or unknown: what has a suite at hand can tell.
    """

    kind: str
    rate: float | None = None
    name: str | None = None
    key: str = ""  # as it is spelled in declarations and paths

    def __str__(self) -> str:
        return self.key


def parse(key: str | NoiseKey) -> NoiseKey:
    """The meaning of a noise key (or itself, if parsed); UserError with the valid range, or what a noise can be."""
    if isinstance(key, NoiseKey):
        return key
    text = str(key)
    first, (kind, _, rest) = text.partition("-")[0], text.rpartition("-")
    if first == "file":
        name = text.removeprefix("file-")
        if not text.startswith("file-") or not re.fullmatch(NAME, name):
            raise UserError(f"noise '{key}': write file-<name>, a name of letters, digits, '.', '_' and '-'")
        return NoiseKey("file", name=name, key=text)
    if first == SEMANTIC:
        name = text.removeprefix(f"{SEMANTIC}-")
        if not text.startswith(f"{SEMANTIC}-") or not _NETWORK.fullmatch(name):
            raise UserError(f"noise '{key}': write semantic-<network>, the network that labels, e.g. semantic-vgg13")
        return NoiseKey(SEMANTIC, name=name, key=text)
    if text == "clean":
        return NoiseKey("clean", key=text)
    if kind not in SHAPES and not (_KIND.fullmatch(kind) and re.match("[0-9]", rest)):
        kind = first
    if kind == "clean":
        raise UserError(f"noise '{key}': clean takes no rate; write 'clean'")
    if kind not in SHAPES and not (_KIND.fullmatch(kind) and re.match("[0-9]", rest)):
        raise unknown(text)
    if not _PERCENT.fullmatch(rest) or text != f"{kind}-{rest}":
        raise UserError(
            f"noise '{key}': write {kind}-<percent> without superfluous zeros, e.g. {kind}-20 or {kind}-12.5"
        )
    percent = Fraction(rest)
    if percent <= 0 or percent > 100 or (kind == "symmetric" and percent == 100):
        clean = "; for no noise write clean" if percent == 0 else ""
        raise UserError(f"noise '{key}': the rate must be {RANGES.get(kind, MOST)}{clean}")
    return NoiseKey(kind, rate=float(percent / 100), key=text)


def unknown(key: str, kinds: Iterable[str] = SHAPES, source: str = "") -> Unknown:
    """What is said of a key that is no noise, with the nearest of the kinds that there are. source: where it stands."""
    hint = alike(re.split("-?[0-9]", key)[0], kinds)
    return Unknown(source, "noise", key, f"{hint}; a noise is {', '.join(SHAPES.values())} or {OWN}")


def brought(noise: NoiseKey) -> bool:
    """Whether labels are not drawn: they are a file's, or a network's."""
    return noise.kind in ("file", SEMANTIC)


def check(key: str | NoiseKey, classes: int) -> NoiseKey:
    """parse(key) for a data set of `classes` classes; UserError where that data set cannot carry the noise."""
    noise = parse(key)
    if noise.rate is not None and classes < 2:
        raise UserError(f"noise '{key}' needs at least 2 classes, the data set has {classes}; use clean")
    return noise


def flip_rate(key: str | NoiseKey, classes: int) -> float | None:
    """The probability that a given label differs from the true one; None where the key alone does not tell: for a file,
    for labels of a network, and for a kind that is declared."""
    noise = parse(key)
    if noise.kind not in SHAPES or brought(noise):
        return None
    if noise.rate is None:
        return 0.0
    return noise.rate * (classes - 1) / classes if noise.kind == "uniform" else noise.rate


def warning(key: str | NoiseKey, classes: int | None = None) -> str | None:
    """A line of caution where the true class is no longer the most likely label, and for what may be a share; else
    None."""
    noise = parse(key)
    if noise.rate is None:
        return None
    if (doubt := perhaps_a_share(noise)) is not None:
        return doubt
    if noise.kind == "pair" and noise.rate >= 0.5:
        return f"noise '{key}': at 50% and above the next class is at least as likely as the true one"
    if noise.kind == "symmetric" and classes and noise.rate >= (classes - 1) / classes:
        return f"noise '{key}': at {classes - 1}/{classes} and above a label says no more about its class than chance"
    if noise.kind == "uniform" and noise.rate == 1:
        return f"noise '{key}': the labels say nothing about the classes"
    return None


def perhaps_a_share(key: str | NoiseKey) -> str | None:
    """A line of caution for a rate below one percent: a slip that costs trainings, so that it is told before any."""
    noise = parse(key)
    if noise.rate is None or noise.rate >= 0.01:
        return None
    share = 100 * noise.rate
    return f"noise '{key}': {share:g} percent; if {share:g} is a share, write {noise.kind}-{100 * share:g}"
