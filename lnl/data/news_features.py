"""Texts as vectors: the mean of GloVe vectors, or a latent semantic embedding where there are none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError

Features = NDArray[np.float32]
TOKEN = r"[^\W_]+"  # a run of letters and digits, of the lower-cased text
FEWEST = 0.4  # share of words with a vector; a file that was cut at the end of a line may have fewer
DECIMALS = 4  # far coarser than what another machine's order of summation changes


def lsa(train: Sequence[str], test: Sequence[str], width: int) -> tuple[Features, Features]:
    """Latent semantic embedding, float32 [N, width] of each part: TF-IDF rows on its first singular directions.

    Both steps are fitted on the training texts only, in double precision and to full tolerance from a fixed start.
    The sign of a direction is that of its largest entry, and what comes out is rounded to four decimals, so that the
    same texts give the same numbers on every machine. Not scaled to unit variance: directions keep their weight.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigh = TfidfVectorizer(token_pattern=TOKEN, dtype=np.float64)
    weighted = weigh.fit_transform(train)
    directions = TruncatedSVD(width, algorithm="arpack", tol=0.0, random_state=0).fit(weighted).components_
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(width), largest])[:, None]

    def embed(rows: NDArray[np.float64]) -> Features:
        rounded = np.round(np.asarray(rows @ directions.T), DECIMALS) + 0.0  # -0.0 becomes 0.0
        return rounded.astype(np.float32)

    return embed(weighted), embed(weigh.transform(test))


def glove(texts: Sequence[str], path: Path, width: int) -> tuple[Features, str, float]:
    """Mean over a text's tokens of their GloVe vectors, float32 [N, width], the MD5 sum of the file of vectors, and the
    share of all tokens that have one.

    A token without a vector is left out, one that occurs twice counts twice; a text without any is all zeros. UserError
    for a file that cannot be read, has vectors of another size, is cut short, or knows too few of the tokens.
    """
    split = re.compile(TOKEN)
    tokens = [split.findall(text.lower()) for text in texts]
    known, md5 = _vectors({token.encode() for text in tokens for token in text}, path, width)
    if not known:
        raise UserError(f"{path}: has a vector for no token of the texts; take GloVe vectors of English words")
    place = {token.decode(): index for index, token in enumerate(known)}
    table = np.array(list(known.values()), dtype=np.float64)
    if not np.isfinite(table).all():
        raise UserError(f"{path}: holds numbers that are not finite; take a fresh copy")
    means = np.zeros((len(texts), width), dtype=np.float32)
    for row, text in zip(means, tokens, strict=True):
        found = [place[token] for token in text if token in place]
        if found:
            row[:] = table[found].mean(axis=0)
    share = sum(token in place for text in tokens for token in text) / max(1, sum(map(len, tokens)))
    if share < FEWEST:
        raise UserError(
            f"{path}: has vectors for {100 * share:.0f}% of the texts' words only, as a list that was cut short has; "
            "take a fresh and whole copy"
        )
    return means, md5, share


def _vectors(wanted: set[bytes], path: Path, width: int) -> tuple[dict[bytes, list[float]], str]:
    """Vectors of the wanted tokens, and the file's MD5 sum. A line is a token, which may hold spaces, and numbers."""
    known: dict[bytes, list[float]] = {}
    digest = hashlib.md5(usedforsecurity=False)
    number, line = 0, b""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                digest.update(line)
                if number == 1 and line.count(b" ") != width:
                    raise UserError(
                        f"{path}: its vectors have {line.count(b' ')} numbers, {width} are needed; "
                        f"put a file of {width} numbers there"
                    )
                token = line[: line.find(b" ")]
                if token in wanted:
                    token, *numbers = line.rsplit(b" ", width)
                    if len(numbers) < width:
                        break
                    if token in wanted:
                        known[token] = [float(n) for n in numbers]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UserError(f"{path}: line {number} holds something else than numbers; take a fresh copy") from error
    if line.count(b" ") < width:
        raise UserError(f"{path}: line {number} has fewer than {width} numbers, it was cut short; take a fresh copy")
    return known, digest.hexdigest()
