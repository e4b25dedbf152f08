"""S2E, Figure 2: candidate basis functions, their curves, and a target that they are to approximate."""

DEMAND = {
    "title": "Basis functions of the printed search space",
    "source": {"paper": "s2e", "where": "Figure 2"},
    "kind": "none",
    "rows": [],
    "columns": [],
    "notes": [
        "The paper's list of functions is lost in the document at hand: these are declared here "
        "(config/spaces/simplex-basis.yaml), each with R(0) = 1; the target is ours as well.",
    ],
}


def draw(data):
    from lnl.render.basis import basis

    return basis(data, "simplex-basis", "late-rise")
