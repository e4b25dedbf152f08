"""The declared tables: valid, complete, and printed as the documents print them."""

import csv
import re
from pathlib import Path

import pytest
import yaml
from helpers import method_called

from lnl.declared import synonyms
from lnl.declared.schema import check
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render.table import render

ROOT = Path(__file__).resolve().parent.parent
TABLES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "tables").glob("*.yaml"))}
ACCURACY = [key for key, declared in TABLES.items() if declared.get("kind", "accuracy") == "accuracy"]
SLOTS = {  # rows x columns as printed
    "tutorial_mnist_accuracy": 3 * 7,
    "tutorial_rt": 9 * 3,
    "tutorial_rt_released": 9 * 3,
    "coteaching_table8": 3 * 5,
    "s2e_figure4_mnist": 3 * 8,  # seven as printed, and our sound search
}
PRINTED = list(csv.DictReader((ROOT / "tests/golden/published.csv").open()))  # transcribed apart from the declarations


@pytest.fixture(scope="module")
def suite():
    return Suite.load(ROOT, {"scale": "paper", "seeds": None}, validate=False)


@pytest.mark.parametrize("key", TABLES)
def test_declaration_is_valid(key):
    check(TABLES[key], "table", f"tables/{key}.yaml")


def test_every_accuracy_table_is_pinned():
    assert set(SLOTS) <= set(ACCURACY)


@pytest.mark.parametrize("key", SLOTS)
def test_number_of_published_slots(suite, key):
    slots = [slot for slot in suite.slots(key) if not slot.joined]
    assert len(slots) == SLOTS[key]
    assert all(slot.seeds == (1, 2, 3, 4, 5) for slot in slots)


@pytest.mark.parametrize("key", ACCURACY)
def test_published_numbers_belong_to_a_slot_and_are_percentages(key):
    declared = TABLES[key]
    rows, columns = ({e["key"] for e in declared[axis]} for axis in ("rows", "columns"))
    for row, numbers in declared.get("published", {}).get("values", {}).items():
        assert row in rows
        assert set(numbers) <= columns
        assert all(0 <= number[0] <= 100 and all(0 <= n < 10 for n in number[1:]) for number in numbers.values())


def printed(document, where):
    """Transcribed numbers of one printed table: {(noise, entry): (mean, std)}."""
    chosen = [r for r in PRINTED if (r["document"], r["where"]) == (document, where)]
    return {(r["noise"], r["entry"]): (float(r["mean"]), float(r["std"])) for r in chosen}


def declared_numbers(key):
    values = TABLES[key].get("published", {}).get("values", {})
    return {(row, column): tuple(n) for row, numbers in values.items() for column, n in numbers.items()}


def test_mnist_accuracy_is_as_printed():
    methods = {
        (noise, method_called(name, "coteaching")): n for (noise, name), n in printed("coteaching", "Table 4").items()
    }
    assert declared_numbers("tutorial_mnist_accuracy") == methods
    assert len(methods) == 21


@pytest.mark.parametrize("key", ["tutorial_rt", "tutorial_rt_released"])
def test_both_forms_of_the_rt_table_carry_the_printed_numbers(key):
    expected = {}
    for (noise, entry), numbers in printed("coteaching", "Table 7").items():
        t_k, c = re.search(r"Tk=(\d+) c=([\d.]+)", entry).groups()
        expected[f"{noise}-tk{t_k}", {"0.5": "c05", "1": "c1", "2": "c2"}[c]] = numbers
    assert declared_numbers(key) == expected
    assert len(expected) == 27


def test_tau_table_is_as_printed_and_sets_what_its_labels_say():
    column = {"0.5": "tau050", "0.75": "tau075", "1": "tau100", "1.25": "tau125", "1.5": "tau150"}
    expected = {
        (noise, column[re.search(r"tau=([\d.]+)\*", entry)[1]]): n
        for (noise, entry), n in printed("coteaching", "Table 8").items()
    }
    assert declared_numbers("coteaching_table8") == expected
    for entry in TABLES["coteaching_table8"]["columns"]:
        assert entry.get("set", {"tau": 1.0})["tau"] == float(entry["key"][3:]) / 100


def test_s2e_numbers_are_those_of_its_table_3():
    expected = {(noise, method_called(name, "s2e")): n for (noise, name), n in printed("s2e", "Table 3").items()}
    assert declared_numbers("s2e_figure4_mnist") == expected


def test_rt_tables_share_the_default_cell_and_differ_where_c_is_not_one(suite):
    cells = {
        key: {(s.row, s.column): s.cell for s in suite.slots(key)} for key in ("tutorial_rt", "tutorial_rt_released")
    }
    base = ("pair-45-tk10", "c1")
    assert cells["tutorial_rt"][base].method == cells["tutorial_rt_released"][base].method == "coteaching"
    accuracy = {(s.row, s.column): s.cell for s in suite.slots("tutorial_mnist_accuracy")}
    assert accuracy["pair-45", "coteaching"] == cells["tutorial_rt"][base]
    for place, cell in cells["tutorial_rt"].items():
        assert (cell == cells["tutorial_rt_released"][place]) == (place[1] == "c1")
    form = suite.spec(cells["tutorial_rt"]["pair-45-tk5", "c05"])["method"]["parameters"]
    assert (form["c"], form["t_k"], form["exponent"]) == (0.5, 5, "as_printed")


@pytest.mark.parametrize("key", ACCURACY)
def test_every_published_number_appears_in_every_format(suite, tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    files = {path.suffix: path for path in render(suite, key, tmp_path)}
    pairs = sorted(declared_numbers(key).values())
    for suffix, sign in ((".md", "±"), (".html", "±"), (".tex", r"$\pm$")):
        text = files[suffix].read_text()
        for number in set(pairs):  # in the grid and in the comparison
            assert text.count(f" {sign} ".join(f"{value:.2f}" for value in number)) >= 2 * pairs.count(number)
    with files[".csv"].open() as file:
        rows = [r for r in csv.DictReader(file) if r["published"]]
    found = [tuple(float(r[name]) for name in ("published", "published_spread") if r[name]) for r in rows]
    assert sorted(found) == pairs


def test_network_table_finds_the_printed_layers_and_counts(suite, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    render(suite, "tutorial_networks", tmp_path)
    with (tmp_path / "tutorial_networks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {r["verdict"] for r in rows} == {"agrees"}
    assert {r["ours"] for r in rows if r["column"] == "parameters"} == {"4,432,266", "4,434,570", "4,446,180"}


def test_dataset_table_compares_manifests_and_never_a_stand_in(suite, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/paper/data").mkdir(parents=True)
    manifest = '{"shape": [1, 28, 28], "classes": 10, "counts": {"train": 60000, "test": 9999}}'
    (tmp_path / "results/paper/data/mnist.json").write_text(manifest)
    render(suite, "tutorial_datasets", tmp_path)
    with (tmp_path / "tutorial_datasets.csv").open() as file:
        found = {(r["row"], r["column"]): r["verdict"] for r in csv.DictReader(file)}
    assert found["MNIST", "# of training"] == found["MNIST", "image size"] == "agrees"
    assert found["MNIST", "# of testing"] == "differs"
    assert found["CIFAR-10", "# of training"] == "not measured"
    demo = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    (tmp_path / "results/demo/data").mkdir(parents=True)
    (tmp_path / "results/demo/data/digits.json").write_text(manifest.replace("28", "8").replace("60000", "1197"))
    render(demo, "tutorial_datasets", tmp_path)
    text = (tmp_path / "tutorial_datasets.md").read_text()
    assert "digits stands in" in text
    assert "not comparable (digits for mnist)" in text
    assert "differs" not in text


def test_prior_work_table_sets_our_traits_beside_the_printed_ones(suite, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    render(suite, "tutorial_prior_work", tmp_path)
    with (tmp_path / "tutorial_prior_work.csv").open() as file:
        found = {(r["row"], r["column"]): r for r in csv.DictReader(file)}
    assert [found[row, "Mentor-net"]["verdict"] for row in ("Small loss", "Memorization", "SGD")] == ["agrees"] * 3
    assert found["Memorization", "Decoupling"]["printed"] == "YES"
    assert found["Memorization", "Co-teaching (not in the slide)"]["ours"] == "YES"


def test_the_band_of_the_tolerance_is_that_of_the_values_it_names():
    tolerance = TABLES["tutorial_mnist_accuracy"]["tolerance"]
    named = re.search(r"\(([\d., ;]+)\)", tolerance["reason"])[1]
    by_noise = [[float(value) for value in group.split(",")] for group in named.split(";")]
    assert [len(values) for values in by_noise] == [4, 3, 3]  # the text prints the value at pair-45 once more
    for noise, values in zip(("pair-45", "symmetric-50", "symmetric-20"), by_noise, strict=True):
        assert TABLES["tutorial_mnist_accuracy"]["published"]["values"][noise]["coteaching"][0] in values
        assert TABLES["tutorial_rt"]["published"]["values"][f"{noise}-tk10"]["c1"][0] in values
    apart = [round(max(values) - min(values), 1) for values in by_noise]
    assert max(apart) == tolerance["points"]
    sharing = [declared["tolerance"] for declared in TABLES.values() if "listed in" in str(declared.get("tolerance"))]
    assert len(sharing) == 5
    for each in (tolerance, *sharing):
        assert f"{min(apart)} to {max(apart)} points apart" in each["reason"]
        assert each["points"] == max(apart)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"statistc": "final"}, "did you mean 'statistic'"),
        ({"statistic": "median"}, "is not one of"),
        ({"tolerance": {"points": 1}}, "'reason' is missing"),
        ({"columns": [{"key": "a", "label": "A", "method": "standard", "set": {"c": 2}}]}, "variant"),
        ({"published": {"spread": {"kind": "std"}, "values": {"pair-45": {"standard": 56.52}}}}, "56.52"),
    ],
)
def test_a_wrong_declaration_is_named(change, said):
    with pytest.raises(UserError, match=said) as caught:
        check({**TABLES["tutorial_mnist_accuracy"], **change}, "table", "tables/x.yaml")
    assert "tables/x.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "document", "key"),
    [
        ("Normal", None, "standard"),
        ("Baseline", "l2r", "standard"),
        ("Reed", None, "bootstrap"),
        ("LC", "ieg", "f-correction"),
        ("Forward", None, "f-correction"),
        ("Proposed", "s2e", "s2e"),
        ("MentorNet", "tutorial", "mentornet"),
        ("MentorNet", "l2r", "mentornet-dd"),
        ("nobody", None, None),
    ],
)
def test_one_method_has_one_key_whatever_a_document_calls_it(name, document, key):
    assert method_called(name, document) == key


def test_methods_of_the_tables_have_a_synonym_entry():
    used = {
        e["method"]
        for declared in TABLES.values()
        for axis in ("rows", "columns")
        for e in declared[axis]
        if "method" in e
    }
    assert used <= set(synonyms.SYNONYMS)
    assert synonyms.also_called("standard") == ["Baseline", "Normal"]
    assert synonyms.also_called("s2e-sound", but="Sound search (ours)") == [], "which no document prints"


COMPARING = [k for k in ACCURACY if len({e.get("method") for a in ("rows", "columns") for e in TABLES[k][a]}) > 2]


@pytest.mark.parametrize("key", COMPARING)
def test_a_table_of_methods_lets_others_join_or_says_why_not(key):
    text = (ROOT / f"tables/{key}.yaml").read_text()
    assert "joins" in TABLES[key] or re.search(r"^# no `joins`: \w+", text, re.M)


#: Variant and network in tables all of whose rows have a network of their own.
JOINED_AS = {
    "ieg_small_cnn": ("mine-small", "small_cnn"),
    "ieg_small_cnn_bn": ("mine-small-bn", "small_cnn_bn"),
    "ieg_resnet29": ("mine-rn29", "ieg_resnet29"),
}


def test_a_method_of_one_s_own_stands_in_every_table_that_lets_it_join(tmp_path, monkeypatch):
    open_to = [key for key in TABLES if "joins" in TABLES[key]]
    assert {"ieg_table1", "ieg_table2", "ieg_table3", *JOINED_AS} <= set(open_to)
    text = (ROOT / "methods/bootstrap.py").read_text().replace('"key": "bootstrap"', '"key": "mine"')
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods/mine.py").write_text(text.replace('"version"', f'"joins": {open_to}, "version"'))
    monkeypatch.setenv("LNL_OVERLAY", str(tmp_path))
    suite = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    assert suite.layers.remarks() == []
    for key in open_to:
        joined = [slot for slot in suite.slots(key) if slot.joined]
        assert joined and all(slot.cell for slot in joined), key
        names = {slot.cell.method for slot in joined}
        assert names == {JOINED_AS.get(key, ("mine", ""))[0]}
    for key, (_, network) in JOINED_AS.items():
        joined = [slot for slot in suite.slots(key) if slot.joined]
        assert {suite.spec(slot.cell)["network"]["name"] for slot in joined} == {network}


@pytest.mark.parametrize("key", ["ieg_table3", "s2e_figure4_mnist"])  # with methods as rows, and as columns
def test_a_rendered_table_names_the_method_that_has_joined_it(key, tmp_path, monkeypatch):
    text = (ROOT / "methods/bootstrap.py").read_text().replace('"key": "bootstrap"', '"key": "mine"')
    text = re.sub(r'"title": "\w+"', f'"title": "Mine of mine", "joins": ["{key}"]', text, count=1)
    (tmp_path / "lab/methods").mkdir(parents=True)
    (tmp_path / "lab/methods/mine.py").write_text(text)
    monkeypatch.setenv("LNL_OVERLAY", str(tmp_path / "lab"))
    monkeypatch.chdir(tmp_path)
    files = {path.suffix: path for path in render(Suite.load(ROOT, {"scale": "paper"}, validate=False), key, tmp_path)}
    page = files[".md"].read_text()
    assert "Joined by a method's own file, nothing published: Mine of mine." in page
    marked = re.findall(r"^.*\(joined\).*$", page, re.M)
    assert marked and all("Mine of mine (joined)" in line for line in marked)
