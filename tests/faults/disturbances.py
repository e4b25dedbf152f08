"""What users and accidents do to the files of a suite: edits, deletions, damage, records from elsewhere."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import yaml

from . import damage
from .tiny_suite import STATE, TinySuite

CELLS = (
    "s2e/digits/symmetric-50/standard",
    "s2e/digits/symmetric-50/f-correction-end",
    "s2e/digits/file-mine/standard",
)
DECLARATIONS = ("methods/standard.py", "methods/coteaching.py", "config/scales/demo.yaml", "tables/tiny.yaml")
BRITTLE = "losses = cross_entropy"


class Disturbances:
    """Of one tiny suite; `put_back` undoes those of its declarations and labels."""

    #: What can be deleted: patterns below the checkout, and whether one match goes or all of them.
    PATTERNS = {
        "a record": ("results/demo/cells/*/*/*/*/*.json", False),
        "all records": ("results/demo/cells", True),
        "the store of a run": ("results/demo/store/*/*/*/*/seed*", False),
        "the store": ("results/demo/store", True),
        "caches": (".cache", True),
        "bookkeeping": (".snakemake", True),
        "a manifest": ("results/demo/[dn][ao]*/**/*.json", False),
        "a hand-over": ("results/demo/handovers/**/*.safetensors", False),
        "a search's file": ("results/demo/searches/**/*.json", False),
        "a table": ("results/demo/tables/*", False),
        "notes": ("results/demo/rendered", True),
    }
    DELETED = tuple(PATTERNS)

    def __init__(self, suite: TinySuite) -> None:
        self.suite = suite
        self._declared = {name: (suite.root / name).read_text() for name in DECLARATIONS}
        self._labels = 0

    def put_back(self) -> None:
        for name, text in self._declared.items():
            if (self.suite.root / name).read_text() != text:
                (self.suite.root / name).write_text(text)
        self._bring(0)

    def _bring(self, shift: int) -> None:
        if shift != self._labels:
            self.suite.bring_labels(shift)
            self._labels = shift

    def edit(self, what: str, value: int, dated: bool) -> None:
        """Change a declaration, or change it back; dated: with a new date, as labels always have one."""
        root = self.suite.root
        if what == "labels":
            self._bring(3 * value)
        elif what == "t_k":
            text = self._declared["methods/coteaching.py"]
            self._write("methods/coteaching.py", text.replace('"t_k": 10', '"t_k": 20') if value else text, dated)
        else:
            file, change = {
                "rate": ("config/scales/demo.yaml", {"learning_rate": [0.05, 0.1][value]}),
                "seeds": ("tables/tiny.yaml", {"seeds": 2 + value}),
            }[what]
            changed = yaml.safe_load((root / file).read_text()) | change
            self._write(file, yaml.safe_dump(changed, sort_keys=False), dated)

    def _write(self, name: str, text: str, dated: bool = True) -> None:
        file = self.suite.root / name
        times = file.stat()
        file.write_text(text)
        if not dated:
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def break_method(self, broken: bool) -> None:
        """Let every training of a method fail, or not any more; its specification stays as it is."""
        text = self._declared["methods/standard.py"]
        assert BRITTLE in text
        fault = f"assert labels.sum() < 0, 'too brittle'\n        {BRITTLE}"
        self._write("methods/standard.py", text.replace(BRITTLE, fault, 1) if broken else text)

    def delete(self, what: str, rng: random.Random) -> None:
        pattern, whole = self.PATTERNS[what]
        found = sorted(self.suite.root.glob(pattern))
        for path in found if whole else found and [rng.choice(found)]:
            damage.remove(path)

    def damage(self, how: damage.Damage, rng: random.Random) -> None:
        """Damage any file that commands have written and read again."""
        found = [
            file
            for folder in STATE[:2]
            for file in sorted((self.suite.root / folder).rglob("*"))
            if file.is_file() and "logs" not in file.parts and file.suffix != ".html" and "lock" not in file.name
        ]
        if found:
            file = rng.choice(found)
            others = [other for other in found if other.suffix == file.suffix and other != file] or [file]
            damage.damage(file, others, rng, how)

    def from_elsewhere(self, what: str, rng: random.Random) -> tuple[Path, dict[str, object] | None]:
        """A folder of records, as another machine has them; and the `result` in it that should not be believed."""
        folder = self.suite.kept / "elsewhere"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("cells", "searches"):
            shutil.copytree(self.suite.kept / "finished/results/demo" / name, folder / "demo" / name)
        file = rng.choice(sorted((folder / "demo/cells").glob("**/seed1.json")))
        if what == "good":
            return folder, None
        if what == "other seed":
            shutil.copyfile(file.with_name("seed2.json"), file)
            return folder, None  # it has a place of its own, in which it may lie
        content = json.loads(file.read_bytes())
        content["result"]["labels"]["digest"] = "0" * 16
        file.write_text(json.dumps(content))
        return folder, content["result"]
