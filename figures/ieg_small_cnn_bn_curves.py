"""Of this suite: how training goes on a small network with batch norm, with what IEG makes of the labels meanwhile."""

DEMAND = {
    "title": "Training on the small CNN with batch norm, CIFAR-10, uniform noise of 80%",
    "source": {"paper": "ieg", "where": "of this suite; not the network of table 1"},
    "protocol": "ieg",
    "dataset": "cifar10",
    "noise": "uniform-80",
    "rows": [{"key": "curves", "label": "Accuracy, pseudo labels and weights"}],
    "columns": [
        {
            "key": "supervised",
            "label": "Supervised",
            "method": "supervised",
            "variant": "small-bn",
            "set": {"protocol.network": "small_cnn_bn"},
        },
        {
            "key": "l2r",
            "label": "Learning to Reweight",
            "method": "ieg",
            "variant": "l2r-small-bn",
            "set": {
                "protocol.network": "small_cnn_bn",
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
            "variant": "eg-small-bn",
            "set": {"protocol.network": "small_cnn_bn", "meta": "none"},
        },
        {
            "key": "ieg",
            "label": "IEG",
            "method": "ieg",
            "variant": "small-bn",
            "set": {"protocol.network": "small_cnn_bn"},
        },
        {
            "key": "eg-k1",
            "label": "EG, consistency weighted by 1",
            "method": "ieg",
            "variant": "eg-k1-small-bn",
            "set": {"protocol.network": "small_cnn_bn", "meta": "none", "consistency": 1.0},
        },
        {
            "key": "ieg-k1",
            "label": "IEG, consistency weighted by 1",
            "method": "ieg",
            "variant": "k1-small-bn",
            "set": {"protocol.network": "small_cnn_bn", "consistency": 1.0},
        },
    ],
    "seeds": 2,
    "notes": [
        "IEG and EG make pseudo labels; IEG and Learning to Reweight weigh labels, where 1 is plain training. The rate "
        "falls to nothing and restarts after 500, 1,250, 2,375 and 4,063 steps, and so on, each time half as long "
        "again. Consistency is weighted by 20 where nothing else is said.",
    ],
}


def draw(data):
    from lnl.render.made_of_labels import made_of_labels

    return made_of_labels(data, "curves", said=DEMAND["notes"])
