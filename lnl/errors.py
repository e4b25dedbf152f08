"""The one exception that a user's input can cause, and the words that help to repair it (standard library only)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something a user can put right. One line: what is wrong, where, and the nearest valid value or remedy.

    The command line prints it without a traceback and exits with status 2.
    """


def nearest(word: object, options: Iterable[object]) -> str:
    """The end of an error line about an unknown word: the closest valid value, if any is close, and all valid values.

    >>> nearest("cifar1", ["mnist", "cifar10"])
    " (did you mean 'cifar10'? valid: cifar10, mnist)"
    """
    valid = sorted(str(option) for option in options)
    lower = {option.lower(): option for option in valid}
    close = difflib.get_close_matches(str(word).lower(), lower, n=1, cutoff=0.5)
    hint = f"did you mean '{lower[close[0]]}'? " if close else ""
    return f" ({hint}valid: {', '.join(valid) or 'none'})"
