"""Which examples of the training file a run trains on, by which labels, and which its method has beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lnl.data.splits import clean_indices
from lnl.engine.data import DeviceData
from lnl.engine.method import Stream
from lnl.engine.run_data import RunData
from lnl.engine.streams import Streams
from lnl.errors import UserError


def data_of_run(
    spec: Mapping[str, Any],
    data: DeviceData,
    given: np.ndarray,
    drawn: Mapping[str, np.ndarray],
    further: Mapping[str, Stream],
    streams: Streams,
    classes: int,
) -> RunData:
    """One run's own part of the data. given: its label vector [N]; drawn: places of the declared sets; further: the
    streams that its method asks for. UserError for a set that is read and not declared."""
    choice = _Choice(spec, data.true.cpu().numpy(), _trainable(data), drawn, streams, classes)
    index = choice.trained_on({stream.of for stream in further.values()})
    labels = choice.labels(given, index)
    trusted, index = choice.streamed(further, index)

    def there(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(data.device)

    return RunData(
        given=there(labels),
        streams=streams,
        train_index=there(index),
        trusted={name: there(places) for name, places in trusted.items()},
        noisy=None if choice.of_set == "all" else there(np.array(given)),
    )


def _trainable(data: DeviceData) -> np.ndarray:
    """Places that may be trained on: all that are not held out to validate."""
    places = np.arange(len(data.true))
    return places if data.held_out is None else np.setdiff1d(places, data.held_out.cpu().numpy())


@dataclass(frozen=True)
class _Choice:
    """What a run's examples are chosen from."""

    spec: Mapping[str, Any]
    true: np.ndarray  # true labels of the whole training file, [N]
    places: np.ndarray  # that may be trained on
    drawn: Mapping[str, np.ndarray]  # places of the declared sets, by name
    streams: Streams
    classes: int

    @property
    def of_set(self) -> str:
        """The one set that is trained on, or `all`."""
        return str(self.spec.get("trained_on", "all"))

    def trained_on(self, read: Collection[str | None]) -> np.ndarray:
        """Places that are trained on, before the method's own streams take theirs. read: sets that its method reads."""
        if self.of_set != "all":
            return self.set_of(self.of_set)
        among = np.intersect1d(self.places, self.drawn["train"]) if "train" in self.drawn else self.places
        return without_sets(among, self.drawn, self.spec.get("sets", {}), read)

    def labels(self, given: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Labels [N] that are learned from: the given ones, and true ones at the places of a set of true labels that
        alone is trained on."""
        labels = np.array(given)
        if self.of_set != "all" and self.spec["sets"][self.of_set].get("labels", "true") == "true":
            labels[index] = self.true[index]
        return labels

    def streamed(self, further: Mapping[str, Stream], index: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Places of each further stream, by name, and those of `index` that are left to be trained on. A stream of what
        is trained on lacks what the streams before it hold out."""
        found = {}
        for name, stream in further.items():
            if stream.of is None:
                places = self._clean(stream.count, name)
                index = np.setdiff1d(index, places) if stream.held_out else index
            else:
                places = index if stream.of == "train" else self.set_of(stream.of)
            found[name] = interleaved(places, self.true) if stream.interleaved else places
        return found, index

    def _clean(self, count: int, name: str) -> np.ndarray:
        """Class-balanced places of a stream of the method's own."""
        seed = self.streams.seed(f"trusted {name}")
        return self.places[clean_indices(self.true[self.places], count, self.classes, seed)]

    def set_of(self, name: str) -> np.ndarray:
        """Places of a declared set; UserError if the protocol declares none of the name."""
        if name not in self.drawn:
            raise UserError(
                f"{self.spec['method']['key']} reads a set '{name}', which protocol {self.spec['protocol']} does not "
                "declare; list it under 'sets' of the method's SPEC, and what to add to the protocol is said before "
                "any job"
            )
        return self.drawn[name]


def without_sets(
    places: np.ndarray, drawn: Mapping[str, np.ndarray], declared: Mapping[str, Any], read: Collection[str | None]
) -> np.ndarray:
    """Places without the sets that nobody trains on, and without those that the method reads."""
    for name, chosen in drawn.items():
        if name != "train" and (declared[name].get("held_out", "readers") == "all" or name in read):
            places = np.setdiff1d(places, chosen)
    return places


def interleaved(places: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Places in rounds of one example of each class, as long as there are any; labels: true, of the whole file."""
    of_class = labels[places]
    rounds = np.zeros(len(places), dtype=np.int64)
    for label in np.unique(of_class):
        rounds[of_class == label] = np.arange((of_class == label).sum())
    return places[np.lexsort((of_class, rounds))]
