"""Pickles are read as data: everything that they hold, and nothing that they would call."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import Hostile
from sklearn.utils import Bunch

from lnl.data import pickled


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_is_read_as_it_was_written(protocol: int) -> None:
    value = {"a": [1, -2, 2**40, 3.5, None, True, "é", ("x",), {}], "b": {"c": list(range(3000))}}
    value["again"] = value["b"]  # one object in two places
    assert pickled.read(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["u1", "<i4", ">i8"])
def test_arrays_and_dictionaries_of_a_class_are_read(protocol: int, dtype: str) -> None:
    numbers = np.arange(12, dtype=dtype).reshape(3, 4)
    content = pickle.dumps(Bunch(c=numbers, f=np.asfortranarray(numbers)), protocol)
    held = pickled.mapping(pickled.read(content))
    for name in ("c", "f"):
        np.testing.assert_array_equal(pickled.array(held[name]), numbers)


def test_a_pickle_of_python_2_is_read() -> None:
    """As CIFAR's batches are: texts and bytes are one type."""
    content = (
        b"\x80\x02}q\x01U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R"
        b"(K\x01K\x02K\x02\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x04\x00\x01\xfe\xfftbs."
    )
    np.testing.assert_array_equal(pickled.array(pickled.read(content)["data"]), [[0, 1], [254, 255]])


def test_what_a_pickle_calls_is_written_down_and_never_called(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = pickle.dumps({"data": Hostile(marker)})
    assert pickled.read(content)["data"].by.endswith("write_text")
    assert not marker.exists()
    pickle.loads(content)
    assert marker.exists()  # so it would have


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"not a pickle", b".", b"N", b"0.", b"a.", b"(.", b"t.", b"R.", b"b.", b"\x93.", b"h\x05.", b"Nb."),
        *(
            b"K\x01K\x02a.",
            b"}K\x01s.",
            b"}(K\x01u.",
            b"(i__main__\nx\n.",
            b"(c__main__\nx\no.",
            b"Pid\n.",
            b"\x82\x01.",
        ),
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"]}}K\x01su.",
    ],
)
def test_bytes_that_are_no_pickle_of_data_are_one_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        pickled.array(pickled.read(content))


@pytest.mark.parametrize(
    "value", [None, [1], {"state": 1}, np.array(["a"]), np.array([{}], dtype=object), np.array([1.5]), Bunch()]
)
def test_what_is_no_array_of_whole_numbers_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no array of whole numbers"):
        pickled.array(pickled.read(pickle.dumps(value)))
