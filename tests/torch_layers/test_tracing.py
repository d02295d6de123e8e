# SPDX-License-Identifier: BSD-3-Clause
"""A traced model says all that is needed to compute it without PyTorch."""

import numpy as np
import pytest
import torch

import nuxkit.torch as nt
from nuxkit.errors import InputError
from nuxkit.inference.ideal import ideal_product


def small_network() -> torch.nn.Sequential:
    return torch.nn.Sequential(
        nt.nn.Conv1d(2, 4, 3, stride=2),
        nt.nn.ConvertingReLU(shift=1),
        nt.nn.MaxPool1d(2),
        torch.nn.Flatten(),
        nt.nn.Linear(12, 5, bias=False, num_sends=2),
    )


def compute(operations, values: np.ndarray) -> np.ndarray:
    """Compute traced operations with integers."""
    for op in operations:
        values = values.reshape(op.input_shape)
        a = op.arguments
        if op.kind == "matmul":
            values = ideal_product(values[None], a["weights"], num_sends=a["num_sends"])[0]
        elif op.kind == "conv1d":
            (step,), out = a["stride"], len(a["weights"])
            width = a["weights"].shape[2]
            rows = [
                values[:, i : i + width].ravel()
                for i in range(0, values.shape[1] - width + 1, step)
            ]
            values = ideal_product(rows, a["weights"].reshape(out, -1).T).T
        elif op.kind == "add":
            values = np.clip(values.astype(int) + a["other"], -128, 127)
        elif op.kind == "converting_relu":
            values = np.minimum(np.maximum(values, 0) >> a["shift"], 31)
        elif op.kind == "max_pool1d":
            (width,) = a["kernel_size"]
            values = values.reshape(len(values), -1, width).max(2)
        else:
            raise AssertionError(op.kind)
        assert values.shape == op.output_shape
    return values


def test_traced_operations_compute_what_the_model_does(chip):
    model = small_network()
    with torch.no_grad():
        model[0].bias.copy_(torch.tensor([3.0, -4.0, 20.0, 0.0]))
    operations = nt.trace(model, torch.randint(1, 32, (1, 2, 13)).float())
    assert [op.kind for op in operations] == [
        "conv1d", "add", "converting_relu", "max_pool1d", "matmul",
    ]  # fmt: skip
    for _ in range(5):
        x = torch.randint(0, 32, (1, 2, 13)).float()
        expected = model(x)[0].detach().numpy()
        assert expected.any()
        assert np.array_equal(compute(operations, x[0].numpy().astype(int)), expected)


def test_weights_are_integers_of_the_chip_and_tracing_ends(chip):
    model = small_network()
    x = torch.randint(1, 32, (1, 2, 13)).float()
    operations = nt.trace(model, x)
    assert operations[0].arguments["weights"].dtype == np.int8
    assert operations[-1].arguments["weights"].shape == (12, 5)
    model(x)
    assert len(operations) == 5


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda x: nt.relu(nt.matmul(x, W) * 2), r"operation 1 \(relu\).*values of matmul"),
        (lambda x: nt.matmul(x + 1, W), r"operation 0 \(matmul\).*the sample"),
        (lambda x: nt.matmul(x, W) + 1, "something after matmul"),
        (lambda x: nt.add(nt.matmul(x, W), nt.matmul(x, W)), r"operation 1 \(matmul\)"),
        (lambda x: nt.add(x, x), "adds results to results"),
        (lambda x: x, "no operation"),
    ],
)
def test_what_is_not_a_chain_is_told(chip, model, message):
    with pytest.raises(InputError, match=message):
        nt.trace(model, torch.full((1, 4), 9.0))


W = torch.full((4, 3), 31.0)


def test_sample_is_one(chip):
    with pytest.raises(InputError, match=r"\(2, 4\)"):
        nt.trace(lambda x: nt.matmul(x, W), torch.ones(2, 4))
