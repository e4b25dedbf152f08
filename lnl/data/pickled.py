"""What a pickle holds, read without running it.

Some data sets are kept as pickles: scikit-learn's cache of 20 Newsgroups, CIFAR's python version. Loading a pickle
calls whatever it names, so that a file which somebody else can write runs that person's code here. This reader calls
nothing: a name stays a name, and a call that the pickle asks for is written down as `Made`. Numbers, texts, lists and
dictionaries are what they are; an array is made from its bytes, if its type is one of whole numbers.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Name:
    """Something that the pickle would import."""

    path: str


@dataclass(eq=False)
class Made:
    """Something that the pickle would make: by calling `by`, then with a state or, of a dictionary, with items."""

    by: str
    arguments: Any
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


_MARK = object()
_PLAIN = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, type] = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_INTEGERS = re.compile(r"[iu][1248]")


def read(content: bytes) -> Any:
    """What the pickle in `content` holds. ValueError for bytes that are no pickle, or one of more than plain data."""
    stack, memo = _Stack(), dict[int, Any]()
    try:
        opcode: pickletools.OpcodeInfo
        argument: Any
        for opcode, argument, _ in pickletools.genops(content):
            name = opcode.name
            if name == "STOP":
                return stack.pop()
            if name in ("PROTO", "FRAME"):
                continue
            if name == "MEMOIZE":
                memo[len(memo)] = stack.top
            elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
                memo[int(argument)] = stack.top
            elif name in ("GET", "BINGET", "LONG_BINGET"):
                stack.push(memo[int(argument)])
            else:
                stack.apply(name, argument)
    except (IndexError, KeyError, TypeError, StopIteration) as error:  # a stack that holds something else than it says
        raise ValueError(f"not a sound pickle ({type(error).__name__})") from error
    raise ValueError("a pickle without an end")


class _Stack:
    """The stack on which a pickle builds its values."""

    def __init__(self) -> None:
        self._values: list[Any] = []

    @property
    def top(self) -> Any:
        return self._values[-1]

    def push(self, value: Any) -> None:
        self._values.append(value)

    def pop(self) -> Any:
        return self._values.pop()

    def since_mark(self) -> list[Any]:
        """What was put on the stack after its last mark, taken off with it."""
        place = next(n for n in reversed(range(len(self._values))) if self._values[n] is _MARK)
        found = self._values[place + 1 :]
        del self._values[place:]
        return found

    def last(self, count: int) -> list[Any]:
        if count > len(self._values):
            raise IndexError
        found = self._values[-count:]
        del self._values[-count:]
        return found

    def apply(self, name: str, argument: Any) -> None:
        """One instruction; ValueError for one that plain data has no use for."""
        if name == "MARK":
            self.push(_MARK)
        elif name in _PLAIN:
            self.push(argument)
        elif name in _CONSTANTS:
            self.push(_CONSTANTS[name])
        elif name in _EMPTY:
            self.push(_EMPTY[name]())
        elif name in _TUPLES:
            self.push(tuple(self.last(_TUPLES[name])))
        elif name in ("TUPLE", "LIST"):
            self.push((tuple if name == "TUPLE" else list)(self.since_mark()))
        elif name in ("APPEND", "APPENDS"):
            added = self.last(1) if name == "APPEND" else self.since_mark()
            _checked(self.top, list).extend(added)
        elif name in ("SETITEM", "SETITEMS", "DICT"):
            if name == "DICT":
                added = self.since_mark()
                self.push({})
            else:
                added = self.last(2) if name == "SETITEM" else self.since_mark()
            target = self.top.items if isinstance(self.top, Made) else _checked(self.top, dict)
            target.update(zip(added[::2], added[1::2], strict=True))
        elif name == "GLOBAL":
            self.push(Name(str(argument)))
        elif name == "STACK_GLOBAL":
            module, of_module = self.last(2)
            self.push(Name(f"{_checked(module, str)} {_checked(of_module, str)}"))
        elif name in ("REDUCE", "NEWOBJ"):
            by, arguments = self.last(2)
            self.push(Made(_checked(by, Name).path, arguments))
        elif name == "BUILD":
            state = self.pop()
            _checked(self.top, Made).state = state
        else:
            raise ValueError(f"a pickle of more than plain data ({name})")


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def mapping(value: Any) -> dict[Any, Any]:
    """A dictionary, or what a class of dictionaries was filled with; ValueError for anything else."""
    if isinstance(value, Made):
        return value.items
    if not isinstance(value, dict):
        raise ValueError("no dictionary where one is expected")
    return value


def array(value: Any) -> NDArray[Any]:
    """The numpy array of whole numbers that `value` stands for, in either of the forms in which numpy writes one.

    ValueError for anything else.
    """
    try:
        if value.by.endswith(" _frombuffer"):
            content, kind, shape, order = value.arguments
        elif value.by.endswith(" _reconstruct"):
            _, shape, kind, by_column, content = value.state
            order = "F" if by_column else "C"
        else:
            raise TypeError
        code, byte_order = kind.arguments[0], kind.state[1]
        if not (kind.by == "numpy dtype" and _INTEGERS.fullmatch(code) and byte_order in "<>|=" and order in "CF"):
            raise TypeError
        if isinstance(content, str):  # as Python 2 wrote bytes
            content = content.encode("latin-1")
        return np.frombuffer(content, np.dtype(code).newbyteorder(byte_order)).reshape(shape, order=order)
    except (AttributeError, TypeError, IndexError) as error:
        raise ValueError("no array of whole numbers where one is expected") from error
