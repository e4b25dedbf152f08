"""S2E, Figure 1: what changes memorisation. Test accuracy of plain training over data sets, networks and optimisers."""

DEMAND = {
    "title": "Test accuracy of plain training on noisy labels: data sets, networks, optimisers",
    "source": {"paper": "s2e", "where": "Figure 1; setting in appendix A.1"},
    "protocol": "s2e",
    "noise": "symmetric-50",
    "method": "standard",
    "rows": [{"key": "symmetric-50", "label": "Symmetric-50%"}],
    "columns": [
        {"key": "cifar10", "label": "CIFAR-10", "dataset": "cifar10"},
        {"key": "cifar100", "label": "CIFAR-100", "dataset": "cifar100"},
        {
            "key": "network1",
            "label": "CNN model 1",
            "dataset": "cifar10",
            "variant": "net-cifar100-cnn",
            "set": {"protocol.network": "cifar100_cnn"},
        },
        {
            "key": "adam",
            "label": "Adam",
            "dataset": "cifar10",
            "variant": "t1000",  # the decay still begins at epoch 80, and ends at 1000
            "set": {"protocol.epochs": 1000},
        },
        {
            "key": "sgd",
            "label": "SGD",
            "dataset": "cifar10",
            "variant": "sgd-t1000",
            "set": {
                "protocol.epochs": 1000,
                "protocol.optimiser": {
                    "name": "sgd",
                    "lr": 0.1,
                    "schedule": "steps",
                    "milestones": [500, 750],
                    "factor": 0.1,
                    "momentum": 0.0,
                    "weight_decay": 0.0,
                },
            },
        },
    ],
    "seeds": 5,
    "notes": [
        "Decided, since the paper does not say (decision figure1_setting): symmetric-50 noise; CIFAR-10 in (b) and "
        "(c); the small CNN in (c); SGD without momentum and weight decay.",
        "CNN model 1 is the paper's network for CIFAR-100, CNN model 2 the one for CIFAR-10 (appendix A.1). The grey "
        "solid curve is one training: CIFAR-10, small CNN, Adam, 200 epochs.",
        "Adam (c): 0.001, linear to zero from epoch 80 to 1000. SGD: 0.1, a tenth of it from epoch 500 and again from "
        "750. SGD with momentum 0.9 is shown in tutorial_s2e_memorisation (e).",
        "Accuracy on images 5,000 to 9,999 of the test file, as everywhere under protocol s2e.",
    ],
}
ROW = "symmetric-50"


def draw(data):
    from lnl.render.panels import Drawn, finish, frame, outer_labels, panel
    from lnl.render.style import METHODS

    same = METHODS["standard"]  # the training that panels (a) and (b) share
    blue, red = ("#0072B2", (0, (5, 1.5))), ("#D55E00", "-")
    panels = {
        "Data sets": [("cifar10", "CIFAR-10", *same), ("cifar100", "CIFAR-100", *blue)],
        "Networks (CIFAR-10)": [("network1", "CNN model 1", *blue), ("cifar10", "CNN model 2", *same)],
        "Optimisers (CIFAR-10)": [("adam", "Adam", *blue), ("sgd", "SGD", *red)],
    }
    figure, axes = frame(data, len(panels))
    for number, (ax, (words, drawn)) in enumerate(zip(axes, panels.items(), strict=True)):
        panel(ax, data, number, words, "test_accuracy", [Drawn(ROW, *one) for one in drawn])
    outer_labels(axes, ["Test accuracy (%)"] * len(axes))
    finish(figure, data, [], [], said=DEMAND["notes"][:1])
    return figure
