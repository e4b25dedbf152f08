"""Declared tests applied to repeats: what is paired with what, what is pooled, which epochs and values are taken."""

import numpy as np
import pytest
from scipy import stats

from lnl.declared.claims import Place
from lnl.results.claims.evidence import Repeats
from lnl.results.claims.measured import parts

T = 40


def repeats(method, values, noise="pair-45", dataset="mnist", epochs=T, paper=T, variant=None, **curves):
    """Runs whose test accuracy is constant at one of `values`, or a curve; further curves are the same in all runs."""
    found = {}
    for seed, value in enumerate(values, 1):
        accuracy = list(value) if np.ndim(value) else [value] * epochs
        listed = {name: [list(curve)] for name, curve in curves.items()}
        listed |= {"epoch": list(range(1, epochs + 1)), "test_accuracy": [accuracy], "loss": [[1.0] * epochs]}
        labels = {"digest": noise, "vector": "fixed", "realised_rate": 0.45}
        spec = {"epochs": epochs, "paper_epochs": paper, "split": "none"}
        found[seed] = {"curves": listed, "spec": spec, "labels": labels, "data_digest": dataset, "dataset": dataset}
    at = {"noise": noise, "dataset": dataset, "method": method}
    place = Place("x-01", 0, "a", [at | ({"variant": variant} if variant else {})], None)
    return Repeats(place, f"{method} at {noise}", (method, noise, dataset), "", len(values), found)


def outcome(test, **cells):
    found = parts(test, cells, None)
    assert len(found) == 1
    return found[0].outcome


def test_a_lead_is_taken_per_repeat_and_compared_between_noises():
    a = [repeats("s2e", [90, 91, 92]), repeats("s2e", [96, 97, 98], "symmetric-20")]
    b = [repeats("plain", [80, 80.5, 81.7]), repeats("plain", [95, 95.5, 97.1], "symmetric-20")]
    test = {"kind": "INTER", "a": "a", "b": "b", "harder": ["pair-45"], "easier": "symmetric-20"}
    found = parts(test, {"a": a, "b": b}, None)
    assert [part.label for part in found] == ["lead over plain at pair-45 above that at symmetric-20"]
    expected = stats.ttest_ind([10, 10.5, 10.3], [1, 1.5, 0.9], equal_var=False, alternative="greater").pvalue
    assert found[0].outcome.p == pytest.approx(expected)


def test_leads_over_variants_of_one_method_and_on_other_data_are_comparisons_of_their_own():
    def places(method, easy, hard, **more):
        return [repeats(method, easy, "symmetric-20", **more), repeats(method, hard, **more)]

    a = [place for data in ("mnist", "cifar10") for place in places("s2e", [96, 97, 98], [90, 91, 92], dataset=data)]
    b = [
        *places("plain", [95, 95.5, 97.1], [80, 80.5, 81.7]),
        *places("plain", [86, 87.2, 88.4], [85, 86.5, 87.7], variant="slow"),
        *places("plain", [90, 91, 92], [70, 71, 72], dataset="cifar10"),
    ]
    test = {"kind": "INTER", "a": "a", "b": "b", "harder": "pair-45", "easier": "symmetric-20"}
    found = {part.label: part.outcome.effect for part in parts(test, {"a": a, "b": b}, None)}
    assert found == pytest.approx(
        {
            "lead over plain at pair-45, mnist above that at symmetric-20": 9.133333,
            "lead over plain-slow at pair-45, mnist above that at symmetric-20": -5.2,
            "lead over plain at pair-45, cifar10 above that at symmetric-20": 14.0,
        },
        rel=1e-4,
    )


def test_a_missing_noise_leaves_a_lead_undecided():
    a, b = [repeats("s2e", [90, 91])], [repeats("plain", [80, 81])]
    easy = [repeats("s2e", [], "symmetric-20")], [repeats("plain", [95, 96], "symmetric-20")]
    test = {"kind": "INTER", "a": "a", "b": "b", "harder": "pair-45", "easier": "symmetric-20"}
    (part,) = parts(test, {"a": [*a, *easy[0]], "b": [*b, *easy[1]]}, None)
    assert part.outcome is None
    assert "s2e at symmetric-20: not run" in part.missing


def test_places_may_be_pooled_as_repeats_of_one_another():
    searches = [repeats(f"s2e-search{k}", [value]) for k, value in enumerate((90.0, 91.0, 95.0))]
    plus = [repeats("plus", [80.0, 85.0, 92.0])]
    spread = outcome({"kind": "SPREAD", "a": "s", "pool": "a", "below": 1}, s=searches)
    assert spread.effect == pytest.approx(np.std([90, 91, 95], ddof=1))
    varied = outcome({"kind": "VAR", "a": "p", "b": "s", "pool": "b"}, p=plus, s=searches)
    expected = stats.levene([80, 85, 92], [90, 91, 95], center="median").pvalue / 2
    assert varied.p == pytest.approx(expected)
    assert parts({"kind": "SPREAD", "a": "s", "pool": "a", "below": 1}, {"s": [*searches, repeats("x", [])]}, None)[
        0
    ].missing == "x at pair-45: not run"  # fmt: skip


def test_cells_of_one_noise_are_a_group_and_equal_cells_count_once():
    cells = [repeats("a", [1, 2, 3]), repeats("b", [11, 12, 13]), repeats("b", [11, 12, 13])]
    found = outcome({"kind": "KW", "a": "c"}, c=cells)
    assert found.n == "3 x 2 cells"
    assert found.p == pytest.approx(stats.kruskal([1, 2, 3], [11, 12, 13]).pvalue)
    (part,) = parts({"kind": "KW", "a": "c"}, {"c": cells[1:]}, None)
    assert part.missing == "at this scale they are one and the same training"
    noises = [repeats("a", [1, 2], n) for n in ("pair-45", "symmetric-20")]
    assert outcome({"kind": "KW", "a": "c", "match": "all"}, c=noises).n == "2 x 2 cells"
    assert len(parts({"kind": "KW", "a": "c"}, {"c": noises}, None)) == 2


def test_peaks_and_falls_are_values_of_a_repeat():
    curve = [50.0] * 10 + [90.0] * 10 + [70.0] * 20
    late = [50.0] * 15 + [90.0] * 10 + [70.0] * 15
    cells = [repeats("a", [curve, curve]), repeats("b", [late, late])]
    assert outcome({"kind": "KW", "a": "c", "at": "peak_epoch"}, c=cells).effect == 5
    assert outcome({"kind": "KW", "a": "c", "at": "fall"}, c=cells).effect == 0


def test_a_slope_from_the_peak_on_and_epochs_on_the_papers_clock():
    falling = [50.0 + min(e, 12) * 3 - max(0, e - 12) for e in range(T)]
    rising = [float(e) for e in range(T)]
    cell = [repeats("a", [falling, falling], train=rising, paper=2 * T)]
    found = outcome({"kind": "RISE", "a": "c", "of": "train", "from": "peak"}, c=cell)
    assert found.effect == pytest.approx(1)
    assert outcome({"kind": "RISE", "a": "c", "from": "peak", "direction": "below"}, c=cell).effect == pytest.approx(-1)
    # epochs 2 to 20 of the paper are 1 to 10 of a run at half its length, where accuracy still rises
    assert outcome({"kind": "RISE", "a": "c", "from": 2, "to": 20}, c=cell).effect == pytest.approx(3)


def test_data_sets_are_never_paired():
    a = [repeats("a", [1, 2]), repeats("a", [1, 2], dataset="cifar10")]
    b = [repeats("b", [1, 2]), repeats("b", [1, 2], dataset="cifar10")]
    assert len(parts({"kind": "GT", "a": "a", "b": "b"}, {"a": a, "b": b}, None)) == 2


def test_a_part_may_be_shown_and_not_counted():
    cells = {"a": [repeats("a", [1, 2])], "b": [repeats("b", [0, 1])]}
    (part,) = parts({"kind": "GT", "a": "a", "b": "b", "aside": True}, cells, None)
    assert not part.counted
    assert part.shown == "not counted: a at pair-45 above b at pair-45"


def test_a_printed_value_is_found_by_data_set_and_noise():
    def published(table, row, column):
        return (90.0, None, None) if (table, row, column) == ("t", "mnist-pair-45", "plus") else None

    test = {"kind": "REF", "a": "a", "table": "t", "row": "{dataset}-{noise}"}
    (part,) = parts(test, {"a": [repeats("plus", [89.0, 91.0, 90.0])]}, published)
    assert part.outcome.holds is True
    (part,) = parts(test, {"a": [repeats("plus", [89.0, 91.0], noise="symmetric-20")]}, published)
    assert part.missing == "no printed value in t"
