"""The tutorial's four basis functions of R(t), and a target."""

DEMAND = {
    "title": "The tutorial's four basis functions",
    "source": {"paper": "tutorial", "where": 'slide "Derive a Search Space", S2E Table 1 and its figure'},
    "kind": "none",
    "rows": [],
    "columns": [],
    "notes": ["Parameters of the curves drawn are ours; the slide's are not printed."],
}


def draw(data):
    from lnl.render.basis import basis

    return basis(data, "four-bases", "late-rise")
