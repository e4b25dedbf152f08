"""What a panel's y axis spans: trained epochs, and bands as far as there is room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

ROOM = 0.3  # of what the curves of a panel span, that their bands may add above and below


def span_trained(ax: Axes) -> None:
    """A y axis that spans what the panel's curves do from epoch 1 on, and their bands as far as they leave the curves
    most of it; where nothing is trained yet, as it was."""
    values = [np.asarray(curve.get_ydata(), dtype=float)[np.asarray(curve.get_xdata()) >= 1] for curve in ax.lines]
    trained = np.concatenate(values) if values else np.zeros(0)
    trained = trained[np.isfinite(trained)]
    if len(trained):
        low, high = trained.min(), trained.max()
        most, corners = ROOM * max(high - low, 1.0), _band(ax)[:, 1]
        low = max(low - most, corners.min(initial=low))
        high = min(high + most, corners.max(initial=high))
        margin = 0.05 * max(high - low, 1.0)
        ax.set_ylim(low - margin, high + margin)


def cuts_a_band(ax: Axes) -> bool:
    """Whether a panel's axis hides a part of a band, of the untrained epoch aside."""
    bottom, top = ax.get_ylim()
    at = _band(ax)
    return bool(len(at) and (at[:, 1].min() < bottom or at[:, 1].max() > top))


def _band(ax: Axes) -> NDArray[np.float64]:
    """Corners (x, y) of a panel's bands from epoch 1 on."""
    from matplotlib.collections import PolyCollection

    paths = [path.vertices for each in ax.collections if isinstance(each, PolyCollection) for path in each.get_paths()]
    corners = np.concatenate([np.zeros((0, 2)), *map(np.asarray, paths)])
    return corners[(corners[:, 0] >= 1) & np.isfinite(corners[:, 1])]
