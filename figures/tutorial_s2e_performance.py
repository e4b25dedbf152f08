"""The tutorial's "Overall performance" (S2E, ICML version): test accuracy on CIFAR-10 under three noises."""

DEMAND = {
    "title": "Overall performance on CIFAR-10: test accuracy over epochs",
    "source": {"paper": "tutorial", "where": 'slide "Experiments – Overall performance"'},
    "protocol": "s2e",
    "dataset": "cifar10",
    "rows": [
        {"key": "symmetric-20", "label": "Symmetry-20%", "noise": "symmetric-20"},
        {"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "pair-45", "label": "Pair-45%", "noise": "pair-45"},
    ],
    "columns": [
        {"key": "standard", "label": "Standard", "method": "standard"},
        {"key": "mentornet", "label": "MentorNet", "method": "mentornet"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
        {"key": "coteaching-plus", "label": "Co-teaching+", "method": "coteaching-plus"},
        {"key": "decoupling", "label": "Decoupling", "method": "decoupling"},
        {"key": "f-correction", "label": "F-correction", "method": "f-correction"},
        {
            "key": "s2e",
            "label": "S2E as released",
            "method": "s2e",
            "variant": "newton",
            "set": {"R": {"search": "newton-as-released"}},
        },
        {
            "key": "coteaching-tuned",
            "label": "Co-teaching, τ tuned",
            "method": "coteaching",
            "variant": "tuned",
            "set": {"R": {"search": "tau-grid"}},
        },
    ],
    "joins": "columns",
    "seeds": 5,
    "notes": [
        "Decided (decision performance_network): S2E's protocol and small CNN, as its released code has it. The slide "
        'says "same setup as Co-teaching", whose nine-layer CNN has no validation images for a search.',
        "S2E's schedule: the Newton search of its released code, over three decays and two rises. Which methods the "
        "slide shows does not stand in the document's text; those of S2E's Figure 4 are shown, and are its trainings.",
        "Co-teaching, τ tuned, is a control of the suite: as many trainings as S2E's ICLR search, spent on τ alone.",
        "Mean of a method's networks on images 5,000 to 9,999 of the test file. Axes span the trained epochs.",
    ],
}


def draw(data):
    from lnl.render.panels import curves

    return curves(data, "test_accuracy", "Test accuracy (%)", trained=True, said=DEMAND["notes"][:1])
