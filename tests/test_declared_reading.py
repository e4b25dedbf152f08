"""What a user writes and types is read as it is meant, or answered with one line: file, place, remedy."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from lnl.cli.common import load_suite, parse_seeds
from lnl.declared import configuration, dependencies, environment
from lnl.declared.data_places import Places
from lnl.declared.literals import read_literal
from lnl.declared.reading import read_folder, read_mapping, read_yaml
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.run.hardware import lease_gpu

ROOT = Path(__file__).resolve().parent.parent


def refused(read: Any, *words: Any) -> str:
    """The one line with which something is refused."""
    with pytest.raises(UserError) as caught:
        read(*words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- YAML ----------------------------------------------------------------------------------------------------------

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: 'a' stands there twice"),
        ("a: {b: 1, b: 2}\n", "line 1: 'b' stands there twice"),
        ("a: 1\n2: x\n", "line 2: '2' is no word, and cannot be a key"),
        ("a: 1\nyes: x\n", "line 2: 'yes' is no word"),
        ("a: .inf\n", "line 1: .inf is no finite decimal number"),
        ("a: .nan\n", "line 1: .nan is no finite"),
        ("a: 1.0e+999\n", "line 1: 1.0e+999 is no finite"),
        ("a: 010\n", "line 1: 010 is no plain decimal number"),
        ("a: 1:30\n", "line 1: 1:30 is no plain decimal number"),
        ("a: 2001-01-01\n", "line 1: '2001-01-01' is a date; a text needs quotes"),
        ("a: !!binary aGk=\n", "line 1: 'aGk=' is of the kind binary"),
        ("a: !!python/tuple [1]\n", "line 1: a value of the kind"),
        ("a: &r [1, *r]\n", "line 1: an alias (*) names what it is a part of"),
        (LAUGHS, "more than 100,000 values, aliases (*) unfolded"),
        ("a: *nowhere\n", "line 1: not valid YAML (found undefined alias)"),
        (f"a: {'[' * 50_000}{']' * 50_000}\n", "lists or mappings lie more than 100 deep"),  # the parser's stack ends
        (f"a: {'- ' * 50_000}x\n", "lists or mappings lie more than 100 deep"),
        ("a: 1\n---\na: 2\n", "not valid YAML"),
        ("a: x\0y\n", "not valid YAML"),
        ("<<: 3\na: 1\n", "'<<' takes over the keys of a mapping"),
    ],
)
def test_what_is_no_declaration_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    said = refused(read_yaml, path)
    assert line in said and said.startswith(str(path))


def test_what_is_usual_in_declarations_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    text = "one: &one {a: 1, b: [yes, null, 1.0e-8, x]}\ntwo: *one\nthree: {<<: *one, a: 2}\nfour: 'on'\nfive: ~\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    one = {"a": 1, "b": [True, None, 1e-8, "x"]}
    assert read_yaml(path) == {"one": one, "two": one, "three": {**one, "a": 2}, "four": "on", "five": None}
    found = read_yaml(path)
    found["one"]["b"].append("changed")
    assert read_yaml(path)["one"] == one == found["two"]  # nobody changes what another reader sees


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert refused(read_folder, tmp_path).endswith("folder.yaml: is a folder; a file is wanted")
    (tmp_path / "folder.yaml").rmdir()
    link = tmp_path / "link.yaml"
    link.symlink_to("nowhere")
    assert refused(read_folder, tmp_path).endswith("link.yaml: is a link to nowhere, where there is no file")
    link.unlink()
    link.symlink_to("link.yaml")
    assert refused(read_folder, tmp_path).endswith("is a link to link.yaml, where there is no file")
    link.unlink()
    link.write_bytes(b"a: 1\nb: \xe9\n")
    assert "link.yaml line 2: is not UTF-8 text" in refused(read_mapping, link)
    for text, word in (("", "is empty"), ("- 1\n", "holds a list"), ("7\n", "holds a single value")):
        link.write_text(text)
        assert word in refused(read_mapping, link)


# ---- SPEC and DEMAND -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("literal", "line"),
    [
        ('{"a": 1, "a": 2}', "line 1: SPEC: 'a' stands there twice"),
        ('{"a": {"b": 1,\n "b": 2}}', "line 2: SPEC: 'b' stands there twice"),
        ("{1: 2}", "SPEC: '1' is no word in quotes"),
        ('{"a": (1, 2)}', "'(1, 2)' is a tuple; write a list"),
        ('{"a": {1, 2}}', "is a set; write a list"),
        ('{"a": 1e999}', "is no finite number"),
        ('{"a": b"x"}', "no plain literal"),
        ('{"a": len("x")}', "must be a plain literal (no calls, no names)"),
        ('{"a": 1}\nSPEC = {"a": 2}', "line 2: SPEC stands there twice"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "too many nested parentheses"),
        ('{"a": \0}', "null byte"),
        ('["a"]', "SPEC must be a dictionary"),
    ],
)
def test_a_literal_that_yaml_could_not_hold_is_one_line(tmp_path: Path, literal: str, line: str) -> None:
    path = tmp_path / "x.py"
    path.write_text(f"SPEC = {literal}\n")
    said = refused(read_literal, path, "SPEC")
    assert line in said and said.startswith(str(path))


# ---- config/config.yaml and --config -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [  # as Snakemake hands it over: numbers are read, what is in brackets is words
        ({"seeds": ["1", "3"]}, {"seeds": [1, 3]}),
        ({"seeds": "null"}, {"seeds": None}),
        ({"search_block": "null", "artefacts": "null"}, {"search_block": None, "artefacts": None}),
        ({"deterministic": "true", "replay": "false"}, {"deterministic": True, "replay": False}),
        ({"data_root": 2024}, {"data_root": "2024"}),
        ({"artefacts": "all"}, {"artefacts": "all"}),
        ({"artefacts": ["s2e_figure5", "pumpout"]}, {"artefacts": ["s2e_figure5", "pumpout"]}),
        ({}, {}),
    ],
)
def test_what_is_typed_is_what_is_meant(typed: dict[str, Any], meant: dict[str, Any]) -> None:
    found = Suite.load(ROOT, {"scale": "demo", **typed}).config
    assert {key: found[key] for key in meant} == meant


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ({"seeds": "1,3"}, "config key 'seeds': 1,3 is no list; write seeds=[1,3]"),
        ({"seeds": ["1", "x"]}, "config: 'seeds.1': 'x' is not a whole number"),
        ({"seeds": 10_000_000}, "config: 'seeds': 10000000 is above the largest possible value, 999"),
        ({"seeds": 3.0}, "config: 'seeds': 3.0 is written as a fraction, and a whole number is wanted: write 3"),
        ({"seeds": [2**40]}, "above the largest possible value, 4,294,967,295"),
        ({"seeds": "["}, "config key 'seeds' line"),
        ({"seeds": 0}, "config: 'seeds': 0 is below the least possible value, 1"),
        ({"search_block": 1e30}, "config: 'search_block'"),
        ({"artefacts": []}, "config: 'artefacts': is a list of 0; it needs 1 or more"),
        ({"scale": None}, "config/config.yaml: key 'scale' is a word, such as demo"),
        ({"news_features": "lsaa"}, "did you mean 'lsa'?"),
        ({"accepted_digests": ["abc"]}, "config: 'accepted_digests.0': 'abc' has not the form"),
    ],
)
def test_what_makes_no_sense_is_one_line(typed: dict[str, Any], line: str) -> None:
    assert line in refused(Suite.load, ROOT, {"scale": "demo", **typed})


def test_a_configuration_need_not_say_more_than_its_scale(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / configuration.FILE).write_text("scale: demo\n")
    found = configuration.read(tmp_path, {})
    assert found == read_mapping(ROOT / configuration.FILE)  # what is left out is as in the file of the suite


@pytest.mark.parametrize("text", ["[1]", "{", "scale=demo"])
def test_a_configuration_of_the_environment_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LNL_CONFIG", text)
    assert refused(configuration.of_environment).startswith("LNL_CONFIG: is no JSON object")
    monkeypatch.setenv("LNL_CONFIG", json.dumps({"seeds": 2}))
    assert configuration.of_environment() == {"seeds": 2}
    monkeypatch.setenv("LNL_CONFIG", "")
    assert configuration.of_environment() == {}


@pytest.mark.parametrize("name", environment.KNOWN)
def test_numbers_of_the_environment_are_looked_at_before_any_job(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    environment.check()
    monkeypatch.setenv(name, "-1")
    suite = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    assert f"{name}: '-1' is no number from" in refused(dependencies.check, suite)


def test_a_slip_in_a_variable_s_name_is_no_variable_that_nobody_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNL_MINE", "1")  # somebody else's
    environment.check()
    monkeypatch.setenv("LNL_OVERLAYS", "/lab")
    said = "LNL_OVERLAYS: is no variable of the suite; did you mean LNL_OVERLAY? correct it, or unset it"
    assert refused(environment.check) == refused(load_suite) == said
    monkeypatch.setenv("LNL_HEAD", "1")  # a job of a head that has looked
    assert load_suite(validate=False).scale == "demo"


@pytest.mark.parametrize("key", ["data_root", "cache_root"])
def test_a_home_is_written_out_and_one_that_is_nobody_s_is_a_line(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    variable = f"LNL_{key.upper()}"
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv(variable, raising=False)
    assert getattr(Places.of({key: "~/there"}), key) == "/home/me/there"
    assert refused(Places.of, {key: "~nouser/there"}).startswith(f"config key '{key}': ~nouser/there: ")
    monkeypatch.setenv(variable, "~/other")
    assert getattr(Places.of({}), key) == "/home/me/other"
    monkeypatch.setenv(variable, "~nouser")
    assert refused(Places.of, {}).startswith(f"{variable}: ~nouser: ")


def test_a_user_s_configuration_is_no_contradiction_to_a_decision(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for name in ("methods", "tables", "figures", "claims", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    file = tmp_path / configuration.FILE
    said = yaml.safe_load(file.read_text()) | {"unreadable_images": "skip", "news_features": "glove"}
    file.write_text(yaml.safe_dump(said))
    assert Suite.load(tmp_path, {"scale": "paper"}).decisions is not None


@pytest.mark.parametrize("text", ["many", "nan", "inf", "-1", "0x10"])
def test_a_number_of_the_environment_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LNL_CHECKPOINT_SECONDS", text)
    assert f"LNL_CHECKPOINT_SECONDS: '{text}' is no number from 0 to" in refused(Places.of, {})
    monkeypatch.setenv("LNL_SLOTS_PER_GPU", text)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert "LNL_SLOTS_PER_GPU" in refused(lease_gpu, "cuda")
    monkeypatch.setenv("LNL_SLOTS_PER_GPU", "1.5")
    assert "no whole number" in refused(environment.whole, "LNL_SLOTS_PER_GPU", 1, 1, 64)


@pytest.mark.parametrize("text", ["10000000", "0", "-3", "1,-1", "5,99999999999", ",", "1e3"])
def test_repeats_that_nobody_has_are_one_line(text: str) -> None:
    assert re.match(rf"--seeds {text}: ", refused(parse_seeds, text))
