"""What each document calls a method: one table, so that Normal, Standard and Baseline are the same row everywhere.

Standard library only. Documents: `s2e`, `tutorial`, `coteaching` (the Co-teaching paper), `pumpout`, `l2r`, `ieg`.
Two things called MentorNet are two keys: `mentornet`, one network that trains on its own small-loss examples (what the
Co-teaching family compares with), and `mentornet-dd`, the learned, data-driven curriculum, of which the suite holds
published numbers only.
"""

from __future__ import annotations

#: method key -> the suite's title, the name that each document prints, further names in use (`others`, lower case)
SYNONYMS: dict[str, dict[str, str]] = {
    "standard": {
        "title": "Standard",
        "tutorial": "Normal",
        "coteaching": "Standard",
        "s2e": "Standard",
        "pumpout": "Standard",
        "l2r": "Baseline",
        "others": "cross-entropy, ce, vanilla",
    },
    "bootstrap": {
        "title": "Bootstrap",
        "tutorial": "Bootstrap",
        "coteaching": "Bootstrap",
        "l2r": "Reed-Hard",
        "others": "reed, hard bootstrapping",
    },
    "s-model": {
        "title": "S-model",
        "tutorial": "S-model",
        "coteaching": "S-model",
        "l2r": "S-Model",
        "others": "noise adaptation, s-adaptation",
    },
    "f-correction": {
        "title": "F-correction",
        "tutorial": "F-correction",
        "coteaching": "F-correction",
        "s2e": "F-correction",
        "ieg": "LC",
        "others": "forward, forward correction, loss correction",
    },
    "decoupling": {
        "title": "Decoupling",
        "tutorial": "Decoupling",
        "coteaching": "Decoupling",
        "s2e": "Decoupling",
        "others": "update by disagreement",
    },
    "mentornet": {
        "title": "MentorNet",
        "tutorial": "MentorNet",
        "coteaching": "MentorNet",
        "s2e": "MentorNet",
        "pumpout": "MentorNet",
        "others": "mentor-net, menter-net, self-paced mentornet, small-loss",
    },
    "mentornet-dd": {
        "title": "MentorNet DD",
        "l2r": "MentorNet",
        "ieg": "MentorNet DD",
        "others": "learned mentornet, data-driven mentornet",
    },
    "coteaching": {
        "title": "Co-teaching",
        "tutorial": "Co-teaching",
        "coteaching": "Co-teaching",
        "s2e": "Co-teaching",
    },
    "coteaching-plus": {
        "title": "Co-teaching+",
        "tutorial": "Co-teaching+",
        "s2e": "Co-teaching+",
    },
    "bc": {
        "title": "BC",
        "pumpout": "BC",
        "others": "backward, backward correction",
    },
    "nnbc": {
        "title": "nnBC",
        "pumpout": "nnBC",
        "others": "non-negative backward correction",
    },
    "pumpout-sl": {
        "title": "Pumpout_SL",
        "pumpout": "Pumpout_SL",
        "others": "sigua_sl",
    },
    "pumpout-bc": {
        "title": "Pumpout_BC",
        "pumpout": "Pumpout_BC",
        "others": "sigua_bc",
    },
    "s2e": {
        "title": "S2E",
        "tutorial": "S2E",
        "s2e": "Proposed",
        "others": "search to exploit, search to exploit memorisation",
    },
    "s2e-sound": {
        "title": "Sound search of S2E's space (ours)",
    },
    "l2r": {
        "title": "Learning to Reweight",
        "l2r": "Ours",
        "ieg": "L2R",
        "others": "learning to reweight examples, meta-reweighting",
    },
    "random-weights": {
        "title": "Random weights",
        "l2r": "Random",
    },
    "weighted": {
        "title": "Weighted",
        "l2r": "Weighted",
    },
    "ieg": {
        "title": "IEG",
        "ieg": "IEG",
        "others": "distilling effective supervision",
    },
    "mixmatch": {
        "title": "MixMatch",
        "ieg": "MixMatch",
    },
    "rog": {
        "title": "RoG",
        "ieg": "RoG",
        "others": "robust generative classifier",
    },
    "gce": {
        "title": "GCE",
        "ieg": "GCE",
        "others": "generalised cross-entropy, generalized cross entropy, l_q",
    },
    "gce-truncated": {
        "title": "GCE, truncated",
        "others": "truncated l_q, truncated loss, pruned gce",
    },
    "dynamic-bootstrap": {
        "title": "Dynamic bootstrapping",
        "ieg": "Arazo et al.",
        "others": "m-dyr-h, md-dyr-sh, m-correction, arazo",
    },
    "supervised": {
        "title": "Supervised, averaged",
        "others": "averaged weights, ema",
    },
}

_NO_DOCUMENT = ("title", "others")


def title(key: str) -> str:
    """The suite's name for a method; a key that the table does not know is its own title."""
    return SYNONYMS.get(key, {}).get("title", key)


def also_called(key: str, but: str = "") -> list[str]:
    """Names that the documents print for this method, other than `but` (default: the suite's own), each once."""
    known = (but or title(key)).lower()
    printed = [name for document, name in SYNONYMS.get(key, {}).items() if document not in _NO_DOCUMENT]
    return sorted({name.lower(): name for name in reversed(printed) if name.lower() != known}.values())
