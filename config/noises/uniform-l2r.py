import numpy as np

NOISE = {
    "title": "uniform-l2r: a share of all images is given a class at random, but never the last one",
    "source": "Ren et al., ICML 2018, as released; the paper says any other class",
    "notes": [
        "the share is exact; a label may be drawn as it was, so that of ten classes 36% are wrong at 40%",
        "the released code rounds a uniform number between 0 and K - 1 down, which never gives class K - 1",
    ],
}


def matrix(classes, rate):
    rows = (1 - rate) * np.eye(classes)
    rows[:, : classes - 1] += rate / (classes - 1)
    return rows


def draw(labels, classes, rate, stream):
    given = labels.copy()
    flipped = np.argsort(stream.random(len(labels)), kind="stable")[: int(rate * len(labels))]
    given[flipped] = (stream.random(len(flipped)) * (classes - 1)).astype(given.dtype)
    return given
