"""A repeat's own part of the data, where several repeats are trained as one program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lnl.engine.method import Stream
from lnl.engine.streams import Streams


@dataclass
class RunData:
    """One repeat's own part of the data: its given labels, its random streams, its trusted places."""

    given: Tensor  # int64 [N]
    streams: Streams
    train_index: Tensor  # places that are trained on, int64
    trusted: dict[str, Tensor] = field(default_factory=dict)  # stream name -> places
    noisy: Tensor | None = None  # the label vector as it was given, where a trusted set has its right labels in `given`

    @property
    def labels(self) -> Tensor:
        """The label vector [N] as the noise gives it."""
        return self.given if self.noisy is None else self.noisy


def given_streams(streams: Mapping[str, Stream], sets: Mapping[str, Any]) -> set[str]:
    """Names of the further streams whose labels are the given ones. sets: as a specification declares them."""
    of_set = {name: stream.of for name, stream in streams.items() if stream.of is not None}
    return {n for n, of in of_set.items() if of == "train" or sets.get(of, {}).get("labels") == "given"}
