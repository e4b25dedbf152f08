"""Documented checksums: a file whose own differs is refused before anything in it is read, unless the configuration
accepts its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from lnl.errors import UserError


class Verifier:
    """Reads files and compares their MD5 sums, or SHA-256 where that is what is documented, with documented ones.

    `accepted`: sums (hex) that the configuration lets pass; those that were needed are collected in `used`.
    """

    def __init__(self, accepted: Collection[str] = ()) -> None:
        self.accepted = {digest.lower() for digest in accepted}
        self.used: list[dict[str, str]] = []

    def read(self, path: Path, documented: str) -> bytes:
        """The bytes of `path`; UserError naming the file where it is missing, or differs and is not accepted."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror}); put the original file there") from error
        self.check(content, documented, path)
        return content

    def check(self, content: bytes, documented: str, path: Path, of: str = "it") -> None:
        """UserError naming `path` if `content`, which is what of it is compared, differs and is not accepted."""
        name, kind = ("SHA-256", "sha256") if len(documented) == 64 else ("MD5 sum", "md5")
        name = f"its {name}" if of == "it" else f"the {name} of {of},"
        found = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
        if found != documented:
            if found not in self.accepted:
                raise UserError(
                    f"{path}: {name} {found} is not the documented {documented}; take a fresh copy, "
                    f"or name {found} among the accepted digests in the configuration"
                )
            self.used.append({"file": path.name, "digest": found, "documented": documented})
