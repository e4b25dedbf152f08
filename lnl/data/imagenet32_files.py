"""Files of ImageNet at 32 x 32 pixels: where they lie, their documented sums, and whether they can be what they should.

Standard library only: a start asks before any job whether they are there.
"""

from __future__ import annotations

from pathlib import Path

from lnl.data.registry import DatasetInfo

FOLDER = "imagenet32"
#: part -> (file, documented MD5 sum), of the python version on image-net.org.
FILES = {
    "train": ("train_data_batch_1", "6c4495e65cd24a8c3019857ef9b758ee"),
    "test": ("val_data", "06c02b8b4c8de8b3a36b07859a49de6f"),
}
ARCHIVES = {"train": "Imagenet32_train.zip", "test": "Imagenet32_val.zip"}
SIDES = (8, 16, 32, 64)  # in which their authors offer the images


def obstacle(info: DatasetInfo, root: Path) -> str | None:
    """Why the files below a data root cannot be those of this data set, in a line with the remedy; None where names and
    sizes fit. Nothing of a file is read."""
    for part, (name, _) in FILES.items():
        path = root / FOLDER / name
        take = f"take it from {ARCHIVES[part]} of image-net.org (Download, 32 x 32)"
        if not path.is_file():
            return f"{info.title}: there is no {path}; {take}"
        size, count = path.stat().st_size, info.count(part)
        side = _side(size, count)
        if side != info.shape[-1]:
            found = f"what {count:,} images of {side} x {side} take" if side else "no size in which it is offered"
            return f"{path}: has {size:,} bytes, {found}; {take}"
    return None


def _side(size: int, count: int) -> int | None:
    """Pixels of a side of so many colour images in a file of this size, which holds their labels and a mean as well."""
    for side in SIDES:
        least = 3 * side**2 * count
        if least <= size <= 1.1 * least + 10 * 3 * side**2 + 4096:
            return side
    return None
