"""IEG's tables and claims against the document: numbers as printed, ablations by what they leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lnl.declared.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
RATES = ["r0", "r20", "r40", "r80"]
DATA = ["cifar10", "cifar100"]
#: As the document prints them, line by line, transcribed apart from the declarations; "-" where nothing is printed.
PRINTED: dict[str, tuple[list[str], str]] = {
    "ieg_table1": (
        RATES,
        """gce 93.5, 89.9 ± 0.2, 87.1 ± 0.2, 67.9 ± 0.6
        mentornet-dd 96.0, 92.0, 89.0, 49.0
        rog 94.2, 87.4, 81.8, -
        l2r 96.1, 90.0 ± 0.4, 86.9 ± 0.2, 73.0 ± 0.8
        arazo -, 93.8, 92.3, 74.1
        ieg 96.8, 96.2 ± 0.2, 95.9 ± 0.2, 93.7 ± 0.5
        ieg-rn29 94.4, 92.9 ± 0.2, 92.5 ± 0.5, 85.6 ± 1.1
        wrn 96.1, -, -, -
        rn29 92.7, -, -, -""",
    ),
    "ieg_table2": (
        RATES,
        """gce 81.4, 66.8 ± 0.4, 61.8 ± 0.2, 47.7 ± 0.7
        mentornet-dd 79.0, 73.0, 68.0, 35.0
        l2r 81.2, 67.1 ± 0.1, 61.3 ± 2.0, 35.1 ± 1.2
        arazo -, 70.0, 64.4, 45.5
        ieg-rn29 70.3, 69.3 ± 0.5, 67.0 ± 0.8, 60.7 ± 1.0
        ieg-100 83.0, 77.4 ± 0.4, 75.1 ± 1.1, 62.1 ± 1.2
        ieg-500 83.0, 80.4 ± 0.5, 79.6 ± 0.3, 73.6 ± 1.5
        ieg 83.0, 81.2 ± 0.7, 80.2 ± 0.3, 75.5 ± 0.2
        wrn 81.6, -, -, -
        rn29 71.3, -, -, -""",
    ),
    "ieg_table3": (
        RATES[1:],
        """gce 89.5 ± 0.3, 82.3 ± 0.7, -
        lc 89.1 ± 0.5, 83.6 ± 0.3, -
        ieg-rn29 92.7 ± 0.2, 90.2 ± 0.5, 78.9 ± 3.5
        ieg 96.5 ± 0.2, 94.9 ± 0.1, 79.3 ± 2.4""",
    ),
    "ieg_table4": (
        DATA,
        """rog 70.0, 53.6
        l2r 71.0, 56.9
        ieg-rn29 81.8, 65.1
        ieg 88.3, 73.7""",
    ),
    "ieg_table5": (  # with the numbers of section 3.3's text
        ["mini", "full"],
        """wv 52.6, 57.2
        wv-aa 61.0, -
        irv2 57.2, -
        irv2-aa 64.0, -
        chen 61.6, -
        mentornet 63.8, 64.2
        ieg-crops 72.6, -
        ieg-plain -, 65.8""",
    ),
    "ieg_table5_top5": (
        ["mini", "full"],
        """wv 84.3, 79.3
        wv-aa 84.3, -
        irv2 79.2, -
        irv2-aa 84.2, -
        chen 85.0, -
        mentornet 85.8, 84.8
        ieg-crops 91.5, -
        ieg-plain -, 85.8""",
    ),
    "ieg_table6": (
        DATA,
        """mixmatch 51.2, 34.5
        eg-small 92.4 ± 0.7, 57.6 ± 0.4
        eg 94.5 ± 0.3, 67.3 ± 0.3
        ieg 93.7 ± 0.5, 75.2 ± 0.2""",
    ),
    "ieg_table7": (
        RATES[2:],
        """ieg-1 64.43, 33.52
        ieg-2 66.14, 36.04
        ieg-3 67.82, 37.01
        ieg-4 78.06, 61.81
        ieg 79.96, 75.42
        ieg-6 73.63, 54.76
        ieg-7 79.16, 72.69
        ieg-8 81.05, 74.04
        ieg-7-plain 72.71, 62.41""",
    ),
    "ieg_table_a1": (
        ["cifar100", "both", "imagenet"],
        """rn29 77.8, 80.34, 84.43
        densenet 79.0, 86.7, 81.6
        wrn 82.8, 84.7, 88.7
        l2r 81.8, 81.3, 85.0
        rog 83.4, 87.1, 84.4
        ieg-rn29 86.4, 87.4, 90.0
        ieg 92.3, 93.0, 94.0""",
    ),
    "ieg_resnet29": (["r80", "a40"], "ieg 85.6 ± 1.1, 90.2 ± 0.5"),  # this suite's, of two tables' numbers
}
#: Where in the document a number stands and here a cell: rate, data set or source of images, of each column.
COLUMNS = {
    "ieg_table1": ["cifar10/clean", "cifar10/uniform-20", "cifar10/uniform-40", "cifar10/uniform-80"],
    "ieg_table2": ["cifar100/clean", "cifar100/uniform-20", "cifar100/uniform-40", "cifar100/uniform-80"],
    "ieg_table3": ["cifar10/asymmetric-20", "cifar10/asymmetric-40", "cifar10/asymmetric-80"],
    "ieg_table4": ["cifar10/semantic-vgg13", "cifar100/semantic-vgg13"],
    "ieg_table5": ["webvision-mini-clean/clean", "webvision-clean/clean"],
    "ieg_table6": ["cifar10/uniform-80", "cifar100/uniform-80"],
    "ieg_table7": ["cifar100/uniform-40", "cifar100/uniform-80"],
    "ieg_table_a1": [f"cifar10/openset-{source}-60" for source in ("cifar100", "both", "imagenet32")],
    "ieg_resnet29": ["cifar10/uniform-80", "cifar10/asymmetric-40"],
}
COLUMNS["ieg_table5_top5"] = COLUMNS["ieg_table5"]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "seeds": None}, validate=False)


def test_every_table_of_the_document_is_transcribed() -> None:
    others = {path.stem for path in (ROOT / "tables").glob("ieg_*.yaml")} - set(PRINTED)
    assert others == {"ieg_small_cnn", "ieg_small_cnn_bn"}
    for key in others:  # of this suite: no printed number is of their network
        assert "published" not in yaml.safe_load((ROOT / f"tables/{key}.yaml").read_text())


@pytest.mark.parametrize("key", PRINTED)
def test_numbers_are_as_printed(key: str) -> None:
    columns, lines = PRINTED[key]
    wanted: dict[str, dict[str, list[float]]] = {}
    for line in lines.splitlines():
        row, _, numbers = line.strip().partition(" ")
        printed = zip(columns, numbers.split(","), strict=True)
        wanted[row] = {c: [float(x) for x in each.split("±")] for c, each in printed if each.strip() != "-"}
    assert yaml.safe_load((ROOT / f"tables/{key}.yaml").read_text())["published"]["values"] == wanted


@pytest.mark.parametrize("key", COLUMNS)
def test_a_column_trains_on_the_data_and_noise_that_it_stands_for(key: str, suite: Suite) -> None:
    columns = dict(zip(PRINTED[key][0], COLUMNS[key], strict=True))
    for slot in suite.slots(key):
        if slot.cell is not None and not slot.joined:
            assert f"{slot.cell.dataset}/{slot.cell.noise}" == columns[slot.column], slot
            at_top5 = yaml.safe_load((ROOT / f"tables/{key}.yaml").read_text())["statistic"] == "final_top5"
            assert at_top5 == key.endswith("top5")


#: Table 7: consistency (UC), MixUp's cross-entropy (MC), learned augmentation (AA), lambda; and the strong view's
#: cutout.
COMPONENTS = {
    "ieg-1": "",
    "ieg-2": "lambda",
    "ieg-3": "AA lambda cutout",
    "ieg-4": "MC AA lambda cutout",
    "ieg": "UC MC AA lambda cutout",
    "ieg-6": "UC AA lambda cutout",
    "ieg-7": "UC MC lambda cutout",
    "ieg-8": "UC MC AA cutout",
    "ieg-7-plain": "UC MC lambda",
}


def test_an_ablation_has_the_components_that_its_row_is_ticked_for(suite: Suite) -> None:
    found: dict[str, str] = {}
    for slot in suite.slots("ieg_table7"):
        if slot.joined:
            continue
        assert slot.cell is not None
        spec = suite.spec(slot.cell)
        p: dict[str, Any] = spec["method"]["parameters"]
        views = p["meta"] == "both" or p["mixup"] or p["consistency"] > 0
        strong = views and p["second_view"] == "strong"
        has = {
            "UC": p["consistency"] > 0,
            "MC": p["mixup"],
            "AA": strong and p["policy"] != "none",
            "lambda": p["meta"] == "both",
            "cutout": strong and p["cutout"],
        }
        assert p["meta"] != "none" and spec["sets"]["probe"]["count"] == 1000
        found[slot.row] = " ".join(name for name in ("UC", "MC", "AA", "lambda", "cutout") if has[name])
    assert found == COMPONENTS


PROBES = {"ieg_table1": {"l2r": 1000}, "ieg_table2": {"ieg-100": 100, "ieg-500": 500}, "ieg_table4": {"cifar10": 100}}


def test_a_row_has_the_network_and_as_many_probes_as_are_printed_beside_it(suite: Suite) -> None:
    for key in ("ieg_table1", "ieg_table2", "ieg_table3", "ieg_table4", "ieg_table_a1"):
        for slot in suite.slots(key):
            if slot.cell is None or slot.joined or slot.cell.protocol != "ieg":
                continue
            spec = suite.spec(slot.cell)
            small = "rn29" in slot.row
            assert spec["network"]["name"] == ("ieg_resnet29" if small else "ieg_wrn28_10"), slot
            assert spec["optimiser"]["weight_decay"] == (1e-4 if small else 5e-4)
            of_data = 100 if slot.cell.dataset == "cifar10" else 1000  # ten of each class
            wanted = PROBES.get(key, {}).get(slot.row, of_data)
            assert spec["sets"]["probe"]["count"] == wanted, slot


#: Of sentences that name a network or a number of probes: the row that they are about.
ABOUT = {
    "ieg-02": {"ieg"},
    "ieg-03": {"ieg"},
    "ieg-04": {"ieg-rn29"},
    "ieg-09": {"ieg-100"},  # one image of each of a hundred classes
    "ieg-10": {"ieg"},
    "ieg-12": {"ieg", "ieg-rn29"},
}


def test_claims_compare_the_row_that_their_sentence_is_about_with_every_other_method() -> None:
    claims = {each["key"]: each for each in yaml.safe_load((ROOT / "claims/ieg.yaml").read_text())["claims"]}
    for key, rows in ABOUT.items():
        against: dict[str, set[str]] = {}
        for test in claims[key]["printed"]:
            a, b = test["a"]["row"], test["b"]["row"]
            assert set(a if isinstance(a, list) else [a]) == rows, key
            against.setdefault(test["a"]["table"], set()).update(b if isinstance(b, list) else [b])
        for table, others in against.items():
            lines = [line.split()[0] for line in PRINTED[table][1].splitlines()]
            rivals = {row for row in lines if not row.startswith("ieg") and row not in ("wrn", "rn29")}
            assert others == (rivals if key != "ieg-10" else {"ieg-100", "ieg-500"}), (key, table)
