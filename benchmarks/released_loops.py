"""The training loops of the released codes, restated: what the suite's own step is measured against.

None of the released PyTorch repositories has a licence, so nothing here is copied. The file restates, in our own words,
the work per step that their MNIST loops do (Co-teaching, Co-teaching+ and S2E share it):

- torchvision's MNIST decodes every example on its own: row -> numpy -> PIL image -> ToTensor; labels are a Python list;
- a DataLoader shuffles, batches by 128 and drops the last batch; it also hands over the index of every example;
- top-1 and top-5 accuracy of every network at every step, through softmax and topk;
- Co-teaching ranks the losses with numpy on the host, exchanges the first n, and computes the cross-entropy once more
  on the selected examples; label precision is counted by numpy; each network has a `torch.optim.Adam` of its own;
- evaluation runs once per network over a test loader that decodes the images again.

Where the released codes waste work by accident rather than by design (a gather that nobody uses, gradients recorded
during evaluation), the restatement does not: it is the fast reading of those loops.

FROZEN: `benchmarks/frozen.sha256` holds the digest of this file's syntax tree (comments and docstrings left out) and
`tests/test_benchmark_frozen.py` fails when it changes, so that no ratio improves because this file became slower.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

BATCH = 128
LEARNING_RATE = 0.001


class IndexedMNIST(MNIST):
    """torchvision's MNIST under given labels (a list of int), that also tells the index of each example."""

    def __init__(self, root, train, labels=None):
        super().__init__(root, train=train, transform=transforms.ToTensor(), download=False)
        if labels is not None:
            self.targets = list(labels)

    @property
    def raw_folder(self):
        return str(self.root) + "/MNIST/raw"

    def __getitem__(self, index):
        image, target = super().__getitem__(index)
        return image, target, index


class MLP(nn.Module):
    """784-256-10 with one ReLU: 203,530 parameters."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, images):
        hidden = F.relu(self.fc1(images.view(images.size(0), -1)))
        return self.fc2(hidden)


def train_loader(root, labels, workers=0):
    """Shuffled batches of 128, the last incomplete one dropped. `workers`: 0 in this process, 4 as released."""
    return DataLoader(
        IndexedMNIST(root, True, labels), batch_size=BATCH, shuffle=True, drop_last=True, num_workers=workers
    )


def evaluation_loader(root, workers=0):
    """Batches of 128 of the test file in order, the last one dropped (as released: 9,984 of 10,000 images)."""
    return DataLoader(IndexedMNIST(root, False), batch_size=BATCH, shuffle=False, drop_last=True, num_workers=workers)


def adam(network):
    return torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)


def accuracy(logits, labels, tops=(1, 5)):
    """Percent of the batch whose label is among the first k predictions, for every k of `tops`."""
    ranked = F.softmax(logits, dim=1).topk(max(tops), dim=1).indices
    hits = (ranked == labels.unsqueeze(1)).float()
    return [hits[:, :k].sum() * (100.0 / labels.size(0)) for k in tops]


def coteaching_losses(logits_1, logits_2, labels, indices, is_clean, drop):
    """One Co-teaching batch: the losses of both networks on what the other one selected.

    `indices`: numpy int64 (batch,), places in the training file. `is_clean`: numpy bool over the training file.
    Returns losses of networks 1 and 2, label precisions of 1 and 2, batch positions selected by 1 and by 2.
    """
    losses_1 = F.cross_entropy(logits_1, labels, reduction="none")
    order_1 = np.argsort(losses_1.detach().cpu().numpy())
    losses_2 = F.cross_entropy(logits_2, labels, reduction="none")
    order_2 = np.argsort(losses_2.detach().cpu().numpy())

    count = int((1 - drop) * len(order_1))
    selected_1, selected_2 = order_1[:count], order_2[:count]
    precision_1 = np.sum(is_clean[indices[selected_1]]) / float(count)
    precision_2 = np.sum(is_clean[indices[selected_2]]) / float(count)

    to_1, to_2 = torch.from_numpy(selected_2), torch.from_numpy(selected_1)
    loss_1 = F.cross_entropy(logits_1[to_1], labels[to_1])
    loss_2 = F.cross_entropy(logits_2[to_2], labels[to_2])
    # The released code divides the mean by the count once more; with Adam this rescaling changes almost nothing.
    return loss_1 / count, loss_2 / count, precision_1, precision_2, selected_1, selected_2


def train_standard(network, optimiser, loader, steps):
    """`steps` steps of plain training on given labels. Returns (examples seen, mean top-1 accuracy in percent)."""
    network.train()
    seen, top1 = 0, 0.0
    for step, (images, labels, _) in enumerate(loader):
        if step >= steps:
            break
        logits = network(images)
        first, _ = accuracy(logits, labels)
        top1 = top1 + first
        loss = F.cross_entropy(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen += labels.size(0)
    return seen, float(top1) * BATCH / seen


def train_coteaching(networks, optimisers, loader, is_clean, drop, steps):
    """`steps` steps of Co-teaching at one drop rate. Returns examples seen, top-1 accuracies, label precisions (%)."""
    network_1, network_2 = networks
    optimiser_1, optimiser_2 = optimisers
    network_1.train()
    network_2.train()
    seen, top1, precisions = 0, [0.0, 0.0], ([], [])
    for step, (images, labels, indices) in enumerate(loader):
        if step >= steps:
            break
        places = indices.cpu().numpy()

        logits_1 = network_1(images)
        first_1, _ = accuracy(logits_1, labels)
        logits_2 = network_2(images)
        first_2, _ = accuracy(logits_2, labels)
        top1 = [top1[0] + first_1, top1[1] + first_2]

        loss_1, loss_2, precision_1, precision_2, _, _ = coteaching_losses(
            logits_1, logits_2, labels, places, is_clean, drop
        )
        precisions[0].append(100 * precision_1)
        precisions[1].append(100 * precision_2)

        optimiser_1.zero_grad()
        loss_1.backward()
        optimiser_1.step()
        optimiser_2.zero_grad()
        loss_2.backward()
        optimiser_2.step()
        seen += labels.size(0)
    steps_done = seen / BATCH
    return seen, [float(total) / steps_done for total in top1], [float(np.mean(p)) for p in precisions]


def evaluate(network, loader):
    """Test accuracy of one network in percent: one pass over the loader for each network that asks."""
    network.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for images, labels, _ in loader:
            _, predicted = torch.max(F.softmax(network(images), dim=1), 1)
            correct += (predicted.cpu() == labels).sum()
            total += labels.size(0)
    return 100 * float(correct) / float(total)
