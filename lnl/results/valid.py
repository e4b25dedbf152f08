"""What a record must be before anything believes it: its schema, curves of one length, parts that agree.

Cheap enough for every record that is read (a millisecond at 60 epochs), and needs nothing but the record.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lnl.declared.shape import Misfit, brief, checker
from lnl.declared.specification import digest
from lnl.errors import UserError
from lnl.results.damaged import remedy
from lnl.results.statistics import run_statistic

ROUNDING = 1e-3  # a summary has four decimals; another Python may sum otherwise


def validated(record: object, where: str | Path, otherwise: str | None = None) -> dict[str, Any]:
    """The record itself, if it is one whose every field is sound; UserError with file, field and remedy if not.

    otherwise: the remedy for a file that is none of the results.

    Digest and specification, status and curves, summary and curves, and what is said twice have to agree.
    """
    try:
        result = _well_formed(record)
        _agreeing(result)
    except Misfit as misfit:
        raise UserError(f"{where}: not a run record: {misfit}; {otherwise or remedy(where)}") from None
    assert isinstance(record, dict)
    return record


def _well_formed(record: Any) -> dict[str, Any]:
    checker("record")(record)
    result: dict[str, Any] = record["result"]
    curves, end = result["curves"], result.get("diverged")
    epochs = curves.get("epoch", [])
    if epochs != list(range(len(epochs))):
        raise Misfit("has curves whose epochs are not 0, 1, 2 and so on")
    planned = result["spec"].get("epochs", len(epochs))
    if end is None and len(epochs) != planned:
        raise Misfit(f"has curves of {len(epochs)} epochs, and its specification has {planned}")
    if end is not None and len(epochs) > planned:
        raise Misfit(f"diverged, and has curves of {len(epochs)} epochs of {planned}")
    networks = len(curves.get("test_accuracy", ()))
    for name, curve in curves.items():
        by_network = bool(curve) and isinstance(curve[0], list)
        if by_network and len(curve) != networks:
            raise Misfit(f"has curve {name} of {len(curve)} networks, and test_accuracy of {networks}")
        if any(len(each) != len(epochs) for each in (curve if by_network else [curve])):
            raise Misfit(f"has curve {name} of another length than its {len(epochs)} epochs")
    return result


def _agreeing(result: dict[str, Any]) -> None:
    spec = result["spec"]
    try:
        own = digest(spec)
    except (ValueError, TypeError, RecursionError):
        own = ""
    if own != result["digest"]:
        raise Misfit("has a digest that does not fit its own specification; the file was altered")
    needed = [name for name in ("protocol", "dataset", "noise", "epochs", "method") if name not in spec]
    if needed or "key" not in spec["noise"] or "key" not in spec["method"]:
        raise Misfit(f"has a specification without {needed[0] if needed else 'a key of noise or method'}")
    pairs = [(name, result[name], spec[name]) for name in ("protocol", "dataset")]
    pairs += [("noise", result["noise"], spec["noise"]["key"])]
    pairs += [("vector", result["labels"]["vector"], spec["noise"].get("vector", result["labels"]["vector"]))]
    for name, here, there in pairs:
        if here != there:
            raise Misfit(f"has {name} {here}, and its specification {brief(there)}")
    if result["status"] == "diverged":
        ended, epochs = result["diverged"]["epoch"], len(result["curves"].get("epoch", ()))
        if ended != epochs or ended >= spec["epochs"]:
            raise Misfit(f"diverged in epoch {ended} of {spec['epochs']}, and its curves have {epochs}")
        if result["summary"]:
            raise Misfit("diverged, and has a summary")
        return
    for name, value in result["summary"].items():
        try:
            found = run_statistic(result["curves"], name).value
        except UserError as error:
            raise Misfit(f"has a summary, and {error}") from None
        if value is None or abs(value - found) > ROUNDING:
            raise Misfit(f"has summary {name} {value}, and its curves give {found:.4f}; the file was altered")
