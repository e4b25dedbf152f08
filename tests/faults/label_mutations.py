"""Label files with one thing wrong, and sound ones in unusual dress: what people bring, by kind."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.noise.label_source import LabelFile

CLASSES = 10
FORMATS = ("npy", "npz", "csv", "pt", "legacy.pt", "arrays.pt")
Column = list[Any] | NDArray[Any]


@dataclass
class Case:
    """A folder to write into, the labels that are meant [N], the true ones, and a stream of random choices."""

    folder: Path
    labels: NDArray[np.int64]
    truth: NDArray[np.int64]
    rng: random.Random

    def write(self, columns: dict[str, Column], form: str = "", **reading: Any) -> LabelFile:
        """A file of these columns, the labels' called `label`, in some format, and how it is declared."""
        form = form or self.rng.choice(FORMATS)
        file = self.folder / f"labels.{form}"
        _write(file, columns, form)
        if form == "npy":
            return LabelFile(file, **reading)
        return LabelFile(file, field="label", **reading)

    def csv(self, **reading: Any) -> LabelFile:
        """A sound file with an index in some order."""
        order = self.rng.sample(range(len(self.labels)), len(self.labels))
        return self.write({"id": order, "label": self.labels[order]}, "csv", **{"index": "id"} | reading)

    def raw(self, content: bytes | str, name: str = "labels.csv", **reading: Any) -> LabelFile:
        file = self.folder / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return LabelFile(file, **reading)


def _write(file: Path, columns: dict[str, Column], form: str) -> None:
    if form == "npy":
        np.save(file, np.asarray(columns["label"]), allow_pickle=np.asarray(columns["label"]).dtype == object)
    elif form == "npz":
        np.savez_compressed(file, **{name: np.asarray(column) for name, column in columns.items()})
    elif form == "csv":
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=False))
        file.write_text(text.getvalue())
    else:
        import torch

        arrays = {name: np.array(column) for name, column in columns.items()}
        content: Any = arrays if form == "arrays.pt" else {name: _tensor(array) for name, array in arrays.items()}
        torch.save(content, file, _use_new_zipfile_serialization=form != "legacy.pt")


def _tensor(array: NDArray[Any]) -> Any:
    import torch

    return torch.from_numpy(array) if array.dtype.kind in "iuf" else array


Mutation = Callable[[Case], LabelFile]
FAULTS: dict[str, Mutation] = {}  # kinds that have to be refused in a line, or remarked on
SOUND: dict[str, Mutation] = {}  # kinds that are to be read as they are meant


def fault(mutation: Mutation) -> Mutation:
    FAULTS[mutation.__name__] = mutation
    return mutation


def sound(mutation: Mutation) -> Mutation:
    SOUND[mutation.__name__] = mutation
    return mutation


def _some(case: Case) -> int:
    return case.rng.randrange(len(case.labels))


def _with(case: Case, value: Any, kind: Any = None) -> LabelFile:
    values = case.labels.astype(kind) if kind else case.labels.copy()
    values[_some(case)] = value
    return case.write({"label": values})


# ---- values --------------------------------------------------------------------------------------------------------


@fault
def a_gap(case: Case) -> LabelFile:
    return _with(case, np.nan, float)


@fault
def an_infinity(case: Case) -> LabelFile:
    return _with(case, np.inf, float)


@fault
def a_fraction(case: Case) -> LabelFile:
    return _with(case, 1.5, float)


@fault
def a_label_below(case: Case) -> LabelFile:
    return _with(case, case.rng.choice([-1, -7, -(2**62)]))


@fault
def a_label_above(case: Case) -> LabelFile:
    return _with(case, case.rng.choice([CLASSES, 255, 2**40]))


@fault
def a_label_above_all_integers(case: Case) -> LabelFile:
    values = case.labels.astype(np.uint64)
    values[_some(case)] = 2**63 + 5
    return case.write({"label": values}, case.rng.choice(["npy", "npz", "csv"]))


@fault
def a_wrapped_byte(case: Case) -> LabelFile:
    return _with(case, 255, np.uint8)


@fault
def counted_from_one(case: Case) -> LabelFile:
    return case.write({"label": case.labels + 1})


@fault
def counted_from_one_and_wrapped(case: Case) -> LabelFile:
    return case.write({"label": (case.labels + 1) % CLASSES})


@fault
def other_classes(case: Case) -> LabelFile:
    order = np.array(case.rng.sample(range(CLASSES), CLASSES))
    while (order == np.arange(CLASSES)).sum() > 3:
        case.rng.shuffle(found := order.tolist())
        order = np.array(found)
    return case.write({"label": order[case.labels]})


@fault
def groups_of_classes(case: Case) -> LabelFile:
    return case.write({"label": case.labels // 4})


@fault
def yes_and_no(case: Case) -> LabelFile:
    return case.write({"label": case.labels > 4}, case.rng.choice(["npy", "npz", "arrays.pt"]))


@fault
def names_without_a_list(case: Case) -> LabelFile:
    return case.write({"label": np.array([f"class{label}" for label in case.labels])}, case.rng.choice(["csv", "npz"]))


@fault
def a_name_that_is_no_class(case: Case) -> LabelFile:
    names = [f"class{label}" for label in case.labels]
    names[_some(case)] = case.rng.choice(["clas3", "Class 3", "", "unsure", "class33"])
    return case.write({"label": names}, "csv", classes=tuple(f"class{c}" for c in range(CLASSES)))


@fault
def too_few_names(case: Case) -> LabelFile:
    return replace(case.write({"label": case.labels}), classes=tuple(map(str, range(CLASSES - 1))))


@fault
def complex_numbers(case: Case) -> LabelFile:
    return case.write({"label": case.labels.astype(complex)}, case.rng.choice(["npy", "npz"]))


@fault
def python_objects(case: Case) -> LabelFile:
    return case.write({"label": case.labels.astype(object)}, case.rng.choice(["npy", "npz", "arrays.pt"]))


@fault
def a_word_in_a_cell(case: Case) -> LabelFile:
    cells = [str(label) for label in case.labels]
    cells[_some(case)] = case.rng.choice(["", "NaN", "?", "cat", "3,5", "1e3", "0x3", "٣", "9" * 5000, "3 4", "--2"])
    return case.write({"label": cells}, "csv")


# ---- shapes --------------------------------------------------------------------------------------------------------


@fault
def too_short(case: Case) -> LabelFile:
    return case.write({"label": case.labels[: -case.rng.choice([1, 97, 400])]})


@fault
def too_long(case: Case) -> LabelFile:
    return case.write({"label": np.concatenate([case.labels, case.labels[: case.rng.choice([1, 500])]])})


@fault
def a_transposed_matrix(case: Case) -> LabelFile:
    rows = np.stack([case.labels] * case.rng.choice([1, 3]))
    return case.write({"label": rows}, case.rng.choice(["npy", "npz", "pt", "arrays.pt"]))


@fault
def a_matrix(case: Case) -> LabelFile:
    columns = np.eye(CLASSES, dtype=int)[case.labels] if case.rng.random() < 0.5 else np.stack([case.labels] * 3, 1)
    return case.write({"label": columns}, case.rng.choice(["npy", "npz", "pt", "arrays.pt"]))


@fault
def a_single_number(case: Case) -> LabelFile:
    return case.write({"label": np.array(3)}, case.rng.choice(["npy", "npz", "arrays.pt"]))


@fault
def no_rows(case: Case) -> LabelFile:
    return case.write({"label": case.labels[:0]})


# ---- order ---------------------------------------------------------------------------------------------------------


@fault
def shifted(case: Case) -> LabelFile:
    return case.write({"label": np.roll(case.labels, case.rng.choice([1, -1, 2, -3, 100]))})


@fault
def one_row_lost_and_the_end_filled(case: Case) -> LabelFile:
    place = case.rng.randrange(50, len(case.labels) // 2)
    return case.write({"label": np.append(np.delete(case.labels, place), case.labels[-1])})


@fault
def in_reverse(case: Case) -> LabelFile:
    return case.write({"label": case.labels[::-1]})


@fault
def sorted_by_class(case: Case) -> LabelFile:
    return case.write({"label": case.labels[np.argsort(case.truth, kind="stable")]})


@fault
def sorted_as_file_names(case: Case) -> LabelFile:
    return case.write({"label": case.labels[sorted(range(len(case.labels)), key=str)]})


@fault
def shuffled(case: Case) -> LabelFile:
    return case.write({"label": case.labels[case.rng.sample(range(len(case.labels)), len(case.labels))]})


@fault
def an_index_that_nobody_declares(case: Case) -> LabelFile:
    order = np.array(case.rng.sample(range(len(case.labels)), len(case.labels))) + case.rng.choice([0, 1])
    columns = {case.rng.choice(["id", "index", "picture"]): order, "label": case.labels[order - order.min()]}
    return case.write(columns, case.rng.choice(["csv", "npz", "pt", "arrays.pt"]))


@fault
def two_rows_exchanged_in_an_undeclared_index(case: Case) -> LabelFile:
    order = np.arange(len(case.labels))
    order[[3, 4]] = [4, 3]
    return case.write({"id": order, "label": case.labels[order]}, case.rng.choice(["csv", "npz"]))


def _index(case: Case, change: Callable[[NDArray[np.int64]], Any]) -> LabelFile:
    order = np.array(case.rng.sample(range(len(case.labels)), len(case.labels)))
    columns: dict[str, Column] = {"id": change(order.copy()), "label": case.labels[order]}
    return case.write(columns, case.rng.choice(["csv", "npz", "pt", "arrays.pt"]), index="id")


@fault
def an_index_twice(case: Case) -> LabelFile:
    def change(order: NDArray[np.int64]) -> NDArray[np.int64]:
        order[5] = order[900]
        return order

    return _index(case, change)


@fault
def a_wrapped_index(case: Case) -> LabelFile:
    return _index(case, lambda order: order % 1024)


@fault
def an_index_from_one(case: Case) -> LabelFile:
    return _index(case, lambda order: order + 1)


@fault
def an_index_out_of_range(case: Case) -> LabelFile:
    def change(order: NDArray[np.int64]) -> NDArray[np.int64]:
        order[_some(case)] = case.rng.choice([-1, len(order), 2**33])
        return order

    return _index(case, change)


@fault
def an_index_with_a_fraction(case: Case) -> LabelFile:
    return _index(case, lambda order: order + np.where(np.arange(len(order)) == 7, 0.5, 0))


@fault
def an_index_that_is_not_there(case: Case) -> LabelFile:
    return replace(case.csv(), index="identity")


@fault
def an_index_with_gaps(case: Case) -> LabelFile:
    keep = np.delete(np.arange(len(case.labels)), _some(case))
    return case.write({"id": keep, "label": case.labels[keep]}, "csv", index="id")


@fault
def other_true_labels(case: Case) -> LabelFile:
    clean = np.roll(case.truth, 1)
    return case.write({"label": case.labels, "clean_label": clean}, case.rng.choice(["csv", "npz", "pt", "arrays.pt"]))


# ---- files ---------------------------------------------------------------------------------------------------------


@fault
def nothing_there(case: Case) -> LabelFile:
    return LabelFile(case.folder / "labels.csv")


@fault
def a_folder(case: Case) -> LabelFile:
    (case.folder / "labels.csv").mkdir()
    return LabelFile(case.folder / "labels.csv")


@fault
def a_dangling_link(case: Case) -> LabelFile:
    (case.folder / "labels.npz").symlink_to("nowhere")
    return LabelFile(case.folder / "labels.npz")


@fault
def empty(case: Case) -> LabelFile:
    return case.raw(
        case.rng.choice(["", "\n\n", "\ufeff", " "]), f"labels.{case.rng.choice(['csv', 'npy', 'npz', 'pt'])}"
    )


@fault
def cut_off(case: Case) -> LabelFile:
    file = case.write({"label": case.labels, "other": case.truth})
    content = file.path.read_bytes()
    file.path.write_bytes(content[: case.rng.randrange(1, len(content) * 3 // 4)])
    return file


@fault
def a_flipped_bit(case: Case) -> LabelFile:
    file = case.write({"label": case.labels}, case.rng.choice(["npz", "pt", "arrays.pt"]))
    with zipfile.ZipFile(file.path) as archive:
        entry = max(archive.infolist(), key=lambda each: each.compress_size)
    content = bytearray(file.path.read_bytes())
    content[entry.header_offset + len(entry.filename) + 200] ^= 1 << case.rng.randrange(8)
    file.path.write_bytes(content)
    return file


@fault
def another_name(case: Case) -> LabelFile:
    file = case.write({"label": case.labels}, case.rng.choice(["npy", "npz", "pt", "arrays.pt", "legacy.pt"]))
    there = {"npy": "csv", "npz": "pt"}.get(file.path.suffix[1:], "npz")
    os.rename(file.path, moved := case.folder / f"moved.{there}")
    return replace(file, path=moved)


@fault
def a_table_under_an_arrays_name(case: Case) -> LabelFile:
    file = case.csv()
    os.rename(file.path, moved := case.folder / f"labels.{case.rng.choice(['npy', 'npz', 'pt', 'xlsx', 'dat'])}")
    return replace(file, path=moved)


@fault
def a_pointer_of_git_lfs(case: Case) -> LabelFile:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    return case.raw(pointer, f"labels.{case.rng.choice(['csv', 'npz', 'npy', 'pt'])}")


@fault
def a_page_in_place_of_the_file(case: Case) -> LabelFile:
    return case.raw("<!DOCTYPE html>\n<html><body>404, not found</body></html>\n", case.rng.choice(["a.csv", "a.pt"]))


@fault
def a_pickled_dictionary(case: Case) -> LabelFile:
    np.save(case.folder / "labels.npy", {"label": case.labels}, allow_pickle=True)  # type: ignore[arg-type]
    return LabelFile(case.folder / "labels.npy", field="label")


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("ran",)


@fault
def a_file_that_would_run(case: Case) -> LabelFile:
    import torch

    file = case.folder / "labels.pt"
    torch.save({"label": case.labels, "x": _Runs()}, file, _use_new_zipfile_serialization=case.rng.random() < 0.5)
    return LabelFile(file, field="label")


@fault
def another_encoding(case: Case) -> LabelFile:
    text = "label\n" + "".join(f"{label}\n" for label in case.labels)
    if case.rng.random() < 0.5:
        return case.raw(text.encode("utf-16"))
    return case.raw(text.encode().replace(b"label", "bezeichnung für label".encode("latin-1")))


@fault
def json_in_place_of_a_table(case: Case) -> LabelFile:
    return case.raw(json.dumps({"label": case.labels.tolist()}), case.rng.choice(["labels.csv", "labels.json"]))


@fault
def a_ragged_line(case: Case) -> LabelFile:
    lines = [f"{i},{label}" for i, label in enumerate(case.labels)]
    place = _some(case)
    lines[place] = case.rng.choice(
        ["", str(place), lines[place] + ",7", '"' + lines[place], "\x00,3", "#" + lines[place]]
    )
    return case.raw("\n".join(["id,label", *lines]) + "\n", field="label", index="id")


@fault
def a_column_twice(case: Case) -> LabelFile:
    return case.raw(
        "label,label\n" + "".join(f"{a},{b}\n" for a, b in zip(case.labels, case.truth, strict=True)), field="label"
    )


@fault
def a_misspelt_column(case: Case) -> LabelFile:
    return replace(case.csv(), field=case.rng.choice(["lable", "Label", "label ", "labels", "7"]))


@fault
def several_columns_and_none_named(case: Case) -> LabelFile:
    columns = {"first": case.labels, "second": case.truth}
    return replace(case.write(columns, case.rng.choice(["csv", "npz", "pt", "arrays.pt"])), field=None)


# ---- sound ---------------------------------------------------------------------------------------------------------


@sound
def plain(case: Case) -> LabelFile:
    return case.write({"label": case.labels})


@sound
def with_a_neighbour(case: Case) -> LabelFile:
    columns = {
        "id": np.arange(len(case.labels)),
        "other": case.truth[::-1],
        "label": case.labels,
        "clean_label": case.truth,
    }
    return case.write(columns, case.rng.choice(["csv", "npz", "pt", "arrays.pt"]))


@sound
def with_an_index(case: Case) -> LabelFile:
    return _index(case, lambda order: order)


@sound
def small_integers(case: Case) -> LabelFile:
    return case.write({"label": case.labels.astype(case.rng.choice([np.int8, np.uint8, np.int16, np.int32]))})


@sound
def whole_numbers_as_floats(case: Case) -> LabelFile:
    return case.write({"label": case.labels.astype(case.rng.choice([np.float32, np.float64]))})


@sound
def big_endian(case: Case) -> LabelFile:
    return case.write({"label": case.labels.astype(">i4")}, case.rng.choice(["npy", "npz", "arrays.pt"]))


@sound
def one_column_as_a_matrix(case: Case) -> LabelFile:
    return case.write({"label": case.labels[:, None]}, case.rng.choice(["npy", "npz", "pt", "arrays.pt"]))


@sound
def names_with_a_list(case: Case) -> LabelFile:
    names = [f"class{label}" for label in case.labels]
    return case.write(
        {"label": names}, case.rng.choice(["csv", "npz"]), classes=tuple(f"class{c}" for c in range(CLASSES))
    )


@sound
def counted_from_one_and_declared(case: Case) -> LabelFile:
    return case.write({"label": case.labels + 1}, classes=tuple(str(c + 1) for c in range(CLASSES)))


@sound
def as_other_programs_write_it(case: Case) -> LabelFile:
    begin, cut, end = (
        case.rng.choice(["", "\ufeff"]),
        case.rng.choice([",", ";", "\t"]),
        case.rng.choice(["\n", "\r\n"]),
    )
    order = case.rng.sample(range(len(case.labels)), len(case.labels))
    lines = [
        cut.join(("id", '"who, when"', "label")),
        *(cut.join((str(i), '"a ""b"""', f" {case.labels[i]}")) for i in order),
    ]
    return case.raw(begin + end.join(lines) + end * case.rng.choice([0, 1, 3]), field="label", index="id")


@sound
def without_a_first_line(case: Case) -> LabelFile:
    return case.raw("".join(f"{label}\n" for label in case.labels), case.rng.choice(["labels.csv", "labels.txt"]))


@sound
def a_list_in_a_dictionary(case: Case) -> LabelFile:
    import torch

    torch.save({"label": case.labels.tolist(), "about": {"by": "us"}}, case.folder / "labels.pt")
    return LabelFile(case.folder / "labels.pt", field="label")


@sound
def a_single_tensor(case: Case) -> LabelFile:
    import torch

    torch.save(torch.from_numpy(case.labels), case.folder / "labels.pth")
    return LabelFile(case.folder / "labels.pth")
