"""Of this suite: how training goes on the smaller of IEG's networks, with what IEG makes of the labels meanwhile."""

DEMAND = {
    "title": "Training on ResNet-29, CIFAR-10, uniform noise of 80%",
    "source": {"paper": "ieg", "where": "of this suite; table 1 has what two of the curves end at"},
    "protocol": "ieg",
    "dataset": "cifar10",
    "noise": "uniform-80",
    "rows": [{"key": "curves", "label": "Accuracy, pseudo labels and weights"}],
    "columns": [
        {
            "key": "supervised",
            "label": "Supervised",
            "method": "supervised",
            "variant": "rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
            },
        },
        {
            "key": "l2r",
            "label": "Learning to Reweight",
            "method": "ieg",
            "variant": "l2r-rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
                "meta": "weights",
                "mixup": False,
                "consistency": 0.0,
                "weight_start": "zero",
                "look_ahead": "plain",
            },
        },
        {
            "key": "eg",
            "label": "EG, without the noisy labels",
            "method": "ieg",
            "variant": "eg-rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
                "meta": "none",
            },
        },
        {
            "key": "ieg",
            "label": "IEG",
            "method": "ieg",
            "variant": "rn29",
            "set": {
                "protocol.network": "ieg_resnet29",
                "protocol.optimiser.weight_decay": 0.0001,
                "protocol.optimiser.decayed": "kernels",
            },
        },
    ],
    "seeds": 2,
    "notes": [
        "IEG and EG make pseudo labels; IEG and Learning to Reweight weigh labels, where 1 is plain training. The rate "
        "falls to nothing and restarts after 500, 1,250, 2,375 and 4,063 steps, and so on, each time half as long "
        "again.",
    ],
}


def draw(data):
    from lnl.render.made_of_labels import made_of_labels

    return made_of_labels(data, "curves", said=DEMAND["notes"])
