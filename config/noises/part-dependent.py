import numpy as np
from scipy.special import softmax
from scipy.stats import truncnorm

NOISE = {
    "title": "part-dependent: what an image looks like decides what its label becomes",
    "source": "Xia et al., Part-dependent Label Noise, NeurIPS 2020, algorithm 2",
}


def draw(labels, images, classes, rate, stream):
    """Flip rates q are normal around `rate`; where a label goes, random weights of the class say from the pixels."""
    q = truncnorm((0 - rate) / 0.1, (1 - rate) / 0.1, rate, 0.1).rvs(len(labels), random_state=stream)
    given = np.empty_like(labels)
    for y in range(classes):
        of = np.flatnonzero(labels == y)
        x = images[of].reshape(len(of), -1) / 255
        scores = x @ stream.standard_normal((x.shape[1], classes))
        scores[:, y] = -np.inf
        p = q[of, None] * softmax(scores, axis=1)
        p[:, y] = 1 - q[of]
        given[of] = (p.cumsum(axis=1) <= stream.random((len(of), 1))).sum(axis=1).clip(max=classes - 1)
    return given
