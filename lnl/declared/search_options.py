"""Options of the search algorithms, by algorithm and form: what a declaration may say. Standard library only.

They are checked when declarations are read, so that a misspelt option is a line before anything runs and not the end of
a job; `lnl.search.algorithms.build` takes its values, defaults filled in, from here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lnl.errors import UserError, choose, nearest


@dataclass(frozen=True)
class Number:
    """A number above `above` and up to `most`; `whole`: one that counts something."""

    default: float
    above: float = 0.0
    most: float = 1e6  # of steps, memories and draws alike: what is more is a slip of the hand
    whole: bool = False

    def read(self, value: Any) -> float:
        """The value; ValueError says what it should have been."""
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not self.above < value <= self.most:
            raise ValueError(f"is a number in ({self.above:g}, {self.most:g}], not {value!r}")
        if self.whole and not isinstance(value, int):
            raise ValueError(f"is a whole number, written without a point, not {value!r}")
        return int(value) if self.whole else float(value)


@dataclass(frozen=True)
class Word:
    """One of these words."""

    default: str
    others: tuple[str, ...]

    def read(self, value: Any) -> str:
        """The value; ValueError says what it could have been."""
        known = (self.default, *self.others)
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"cannot be {value!r}{nearest(value, known)}")
        return str(value)


@dataclass(frozen=True)
class YesNo:
    """true or false."""

    default: bool

    def read(self, value: Any) -> bool:
        """The value; ValueError says what it should have been."""
        if not isinstance(value, bool):
            raise ValueError(f"is true or false, not {value!r}")
        return value


Options = Mapping[str, Number | Word | YesNo]

FISHER_SAMPLES = 10_000  # S2E, appendix A.2
#: Step in nats and rounds remembered of the sound forms; fixed on the tuning targets of config/synthetic.yaml.
SOUND: Options = {"step": Number(0.6), "memory": Number(4, most=1000, whole=True)}


def _fisher(step: float) -> Options:
    return {"step": Number(step), "fisher_samples": Number(FISHER_SAMPLES, whole=True)}


#: Options by algorithm and form, an algorithm's first form being its default; "" where it has one only. A printed or
#: released `step` is S2E's rate for its synthetic data, which its text has for no plain gradient (decision gradient).
ALGORITHMS: Mapping[str, Mapping[str, Options]] = {
    "random": {"": {}},
    "grid": {"": {}},
    "natural-gradient": {
        "sound": SOUND,
        "as_printed": _fisher(80.0),
        "as_released": _fisher(80.0),
        "as_released_best": _fisher(1.0),  # the later scripts' rate
    },
    "newton": {
        "sound": {**SOUND, "shrink": Number(0.3, most=1.0)},
        "as_printed": {"step": Number(1.0)},
        "as_released": {"step": Number(1.0), "broadcast": YesNo(True)},
    },
    "gradient": {"sound": SOUND, "as_printed": {"step": Number(80.0)}, "as_released": {"step": Number(1.0)}},
    "bayesian": {"gaussian_process": {}, "tpe": {}, "as_released": {}},
    "hyperband": {
        "": {
            "eta": Number(3, above=1.0, most=100),
            "brackets": Number(5, most=20, whole=True),
            "rungs": Word("as_published", ("as_released",)),  # decision hyperband_rungs
            "continue": YesNo(True),  # decision hyperband_continue
        }
    },
}


def resolved(algorithm: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """{"name", "form" where it has several, every option} of a declared algorithm, defaults filled in.

    UserError for an unknown algorithm, form or option, and for a value that an option does not take. where: the
    declaration, for its message; empty where there is none.
    """
    name = algorithm.get("name", "")
    forms = choose(name, ALGORITHMS, "search algorithm", where)
    at = f"{where}{': ' if where else ''}search algorithm '{name}'"
    form = algorithm.get("form", next(iter(forms)))
    options = choose(form, forms, "form", at)
    known = dict.fromkeys(["name", *(["form"] if form else []), *options])
    for key in algorithm:
        choose(key, known, "option", f"{at}, form {form}" if form else at)
    values: dict[str, Any] = {"name": name, **({"form": form} if form else {})}
    for key, option in options.items():
        try:
            values[key] = option.read(algorithm.get(key, option.default))
        except ValueError as error:
            raise UserError(f"{at}: '{key}' {error}") from None
    return values
