"""S2E, Figure 2: the six candidates for f_i, their curves, and a target that they are to approximate."""

DEMAND = {
    "title": "Basis functions of the printed search space",
    "source": {"paper": "s2e", "where": "Figure 2"},
    "kind": "none",
    "rows": [],
    "columns": [],
    "notes": [
        "Functions as printed; m and t_m are read as T, and b2 as a factor of the ratio of logarithms (inferred). The "
        "numbers in them are not printed, and the target is a picture without numbers: both are ours.",
    ],
}


def draw(data):
    from lnl.render.basis import basis

    return basis(data, "simplex-basis", "late-rise")
