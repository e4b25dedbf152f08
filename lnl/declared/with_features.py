"""Which features 20 Newsgroups are trained on (decision news_features). Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.data.registry import DatasetInfo
from lnl.declared.nested import merge
from lnl.errors import choose


def with_features(
    scales: dict[str, dict[str, Any]], features: str, datasets: Mapping[str, DatasetInfo]
) -> dict[str, dict[str, Any]]:
    """Scales in which news2-lsa, which is another form of news2, stands in for it, and so on, unless the scale names
    another stand-in.

    The papers' features of 20 Newsgroups need GloVe vectors that a user has to bring (decision news_features); with
    `glove` nothing is replaced.
    """
    choose(features, {"lsa": 0, "glove": 0}, "value", "config key 'news_features'")
    if features == "glove":
        return scales
    ours = {"stand_ins": {"datasets": {info.form_of: key for key, info in datasets.items() if info.form_of}}}
    return {key: merge(ours, scale) for key, scale in scales.items()}
