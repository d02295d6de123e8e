# SPDX-License-Identifier: BSD-3-Clause
"""What the examples that train networks share: the four ways to a network on the chip.

The same architecture is trained and tested four times:

1. *float*: plain PyTorch, inputs from 0 to 1;
2. *quantised*: integers as on the chip, on an ideal chip;
3. *direct*: the quantised network, as it is, on a chip with deviations and noise;
4. *in the loop*: the quantised network trained on, with products from that chip.
"""

from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch

import nuxkit.torch as nt
from nuxkit.inference import AnalogSpread

torch.set_num_threads(1)  # the products of PyTorch are too small for more

WAYS = ("float", "quantised", "direct", "in the loop")
#: A chip before its calibration, whose columns and synapses deviate more than typical ones.
UNCALIBRATED = AnalogSpread(gain=0.2, offset=10, weight=0.25, noise=2, leak_hz=2e3, linear=80)
COUNTS = 12  # of results that make one unit of a logit


@dataclass(frozen=True)
class Data:
    """Inputs, 0 to 31, and classes, for training and for the test."""

    train: torch.Tensor
    train_classes: torch.Tensor
    test: torch.Tensor
    test_classes: torch.Tensor

    @classmethod
    def of(cls, train, train_classes, test, test_classes):
        """Tensors of arrays."""
        inputs, classes = (
            [torch.as_tensor(np.array(each), dtype=kind) for each in arrays]
            for arrays, kind in (
                ((train, test), torch.float32),
                ((train_classes, test_classes), torch.int64),
            )
        )
        return cls(inputs[0], classes[0], inputs[1], classes[1])


def fit(model, x, classes, *, epochs, rate, scale, batch=50):
    """Train with Adam and a rate that falls to 0; returns the loss of each epoch."""
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    steps = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(x)).split(batch):
            optimiser.zero_grad()
            logits = model(x[chosen]).reshape(len(chosen), -1) / scale
            loss = torch.nn.functional.cross_entropy(logits, classes[chosen])
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(chosen)
        losses.append(total / len(x))
    return losses


def predict(model, x):
    """Classes of a batch."""
    with torch.no_grad():
        return model(x).reshape(len(x), -1).argmax(dim=1)


def accuracy(model, x, classes):
    """Share of right classes, %."""
    return 100 * float((predict(model, x) == classes).float().mean())


@dataclass
class Trained:
    """What one seed gave.

    Attributes
    ----------
    accuracy : dict
        Of the test, %, by way.
    losses : dict
        Of each epoch of training, by way.
    model : torch.nn.Module
        The network trained in the loop.
    predicted : torch.Tensor
        Its classes of the test.
    """

    accuracy: dict
    losses: dict
    model: torch.nn.Module
    predicted: torch.Tensor


def train(make_float, make_chip, data, *, spread, seed, epochs, loop_epochs, rate=1.0):
    """Go all four ways; the chip stays in use for the network that is returned.

    Parameters
    ----------
    make_float, make_chip : callable
        Make the network of plain modules, and of those of `nuxkit.torch`.
    data : Data
    spread : AnalogSpread
        Of the chip that is not ideal.
    seed : int
        Of weights, order of samples, deviations and noise.
    epochs, loop_epochs : int
        Of training; and of training in the loop after it.
    rate : float
        Of learning on the chip, in units of weights.
    """
    right, losses = {}, {}
    torch.manual_seed(seed)
    plain = make_float()
    losses["float"] = fit(
        plain, data.train / 31, data.train_classes, epochs=epochs, rate=0.005, scale=1
    )
    right["float"] = accuracy(plain, data.test / 31, data.test_classes)

    torch.manual_seed(seed)
    nt.init_hardware(spread=AnalogSpread(), seed=seed)
    model = make_chip()
    learning = {"scale": COUNTS, "rate": rate}
    losses["quantised"] = fit(model, data.train, data.train_classes, epochs=epochs, **learning)
    right["quantised"] = accuracy(model, data.test, data.test_classes)

    nt.init_hardware(spread=spread, seed=seed)
    right["direct"] = accuracy(model, data.test, data.test_classes)
    learning["rate"] = rate / 2
    losses["in the loop"] = fit(
        model, data.train, data.train_classes, epochs=loop_epochs, **learning
    )
    predicted = predict(model, data.test)
    right["in the loop"] = 100 * float((predicted == data.test_classes).float().mean())
    return Trained(right, losses, model, predicted)


def table(results):
    """Text: accuracy of each way and seed, mean and standard deviation."""
    lines = [f"{'':<14}" + "".join(f"seed {i:<6}" for i in range(len(results))) + "mean +- s.d."]
    for way in WAYS:
        values = np.array([each.accuracy[way] for each in results])
        cells = "".join(f"{value:<11.2f}" for value in values)
        lines.append(f"{way:<14}{cells}{values.mean():.2f} +- {values.std():.2f}")
    return "\n".join(lines)


def draw_accuracy(ax, results):
    """Bars: mean accuracy of each way, with one point a seed."""
    values = np.array([[each.accuracy[way] for way in WAYS] for each in results])
    ax.bar(WAYS, values.mean(axis=0), yerr=values.std(axis=0), capsize=4, color="tab:blue")
    for row in values:
        ax.plot(WAYS, row, "o", color="black", markersize=3)
    ax.set(ylabel="right classes of the test (%)", ylim=(max(0, values.min() - 10), 100.5))
    ax.tick_params(axis="x", rotation=20)


def draw_losses(ax, result):
    """Loss over epochs; training in the loop goes on where that with integers ended."""
    start = len(result.losses["quantised"])
    ax.semilogy(result.losses["float"], color="tab:gray", label="float")
    ax.semilogy(result.losses["quantised"], color="tab:blue", label="quantised")
    epochs = np.arange(start, start + len(result.losses["in the loop"]))
    ax.semilogy(epochs, result.losses["in the loop"], color="tab:green", label="in the loop")
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend(frameon=False)


def draw_confusion(ax, predicted, classes, names):
    """How often each class was taken for which."""
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (np.asarray(classes), np.asarray(predicted)), 1)
    ax.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            shade = "white" if count > counts.max() / 2 else "black"
            ax.text(column, row, count, ha="center", va="center", color=shade, fontsize=7)
    ax.set(xlabel="class found", ylabel="class", xticks=range(len(names)), yticks=range(len(names)))
    ax.set_xticklabels(names, rotation=30 if len(str(names[0])) > 2 else 0)
    ax.set_yticklabels(names)


def draw(results, data, names):
    """Figure with accuracies, losses and the confusions of seed 0; the fourth panel is free."""
    figure, panels = plt.subplots(2, 2, figsize=(11, 9), layout="constrained")
    (accuracies, losses), (confusion, free) = panels
    draw_accuracy(accuracies, results)
    draw_losses(losses, results[0])
    draw_confusion(confusion, results[0].predicted, data.test_classes, names)
    confusion.set_title("in the loop, seed 0")
    return figure, free
