# SPDX-License-Identifier: BSD-3-Clause
"""Networks on the processor alone equal their NumPy twins bit for bit."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from nuxkit import Chip
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES
from nuxkit.inference import (
    Add,
    AnalogArray,
    AnalogSpread,
    Argmax,
    ConvertingReLU,
    MaxMinPool,
    Network,
    ReLU,
    Requantise,
    Standalone,
    attach,
    conv,
    linear,
    max_pool,
    mean_pool,
    twins,
)
from nuxkit.inference.ideal import ideal_product
from nuxkit.inference.layers import Values

SEED = int(os.environ.get("NUXKIT_TEST_SEED", "5"))
# Without leak, which on the chip depends on when the processor sends.
DEVIATING = replace(AnalogSpread.typical(), leak_hz=0.0)


@pytest.fixture
def rng():
    return np.random.default_rng(SEED)


def weights(rng, *shape, largest=63):
    return rng.integers(-largest, largest + 1, shape)


def bias(rng, count):
    return rng.integers(-60, 61, count)


def networks(rng):
    """Networks with all kinds of layers, tiles and geometries."""
    return {
        "one tile": Network((20,), [linear(weights(rng, 20, 7))]),
        "tiles below each other": Network(
            (300,), [linear(weights(rng, 300, 7, largest=12), bias(rng, 7)), ReLU()]
        ),
        "saturating sum of tiles": Network(
            (400,), [linear(np.broadcast_to([9, -9, 1], (400, 3)))]
        ),
        "tiles side by side": Network(
            (30,),
            [
                linear(weights(rng, 30, 300, largest=20), num_sends=3),
                ConvertingReLU(1),
                linear(weights(rng, 300, 10, largest=30), bias(rng, 10)),
                Argmax(),
            ],
        ),
        "two dimensions": Network(
            (2, 8, 9),
            [
                conv(weights(rng, 4, 2, 3, 3), stride=(2, 1), padding=(1, 2)),
                ReLU(),
                max_pool(2),
            ],
        ),
        "expanded": Network(
            (2, 8, 9),
            [
                conv(
                    weights(rng, 4, 2, 3, 3), bias(rng, 4), stride=(2, 2), padding=(1, 2),
                    num_expansions=4,
                ),
                mean_pool((2, 3), (1, 2)),
            ],
        ),
        "wide convolution": Network(
            (30, 9), [conv(weights(rng, 270, 30, 5, largest=20), stride=2, padding=1)]
        ),
        "sums": Network(
            (2, 31),
            [
                conv(weights(rng, 4, 2, 5), stride=3, num_expansions=4),
                Requantise(-77),
                Add(0),
                ConvertingReLU(1),
                conv(weights(rng, 10, 4, 3, largest=40)),
                Add(weights(rng, 10, 7, largest=127)),
                ReLU(),
                Add(5),
                ConvertingReLU(0),
                mean_pool(3),
                linear(weights(rng, 20, 5), bias(rng, 5)),
                Argmax(),
            ],
        ),
        "loaded together": Network(
            (2, 31),
            [
                conv(weights(rng, 4, 2, 5), bias(rng, 4), stride=3, num_expansions=4, column=9),
                ConvertingReLU(2),
                linear(weights(rng, 36, 50), column=100),
                ConvertingReLU(1),
                linear(weights(rng, 50, 5), bias(rng, 5), column=251),
            ],
        ),
        "recording": Network(
            (2, 130),
            [
                MaxMinPool(4, 2),
                conv(weights(rng, 6, 2, 5), bias(rng, 6), stride=2, num_expansions=5),
                max_pool(3),
                ConvertingReLU(1),
                linear(weights(rng, 24, 3)),
                Argmax(),
            ],
        ),
    }  # fmt: skip


NAMES = list(networks(np.random.default_rng(0)))


@pytest.mark.parametrize("spread", [AnalogSpread(), DEVIATING], ids=["ideal", "deviating"])
@pytest.mark.parametrize("name", NAMES)
def test_network_equals_its_twin(rng, name, spread):
    network, hemisphere = networks(rng)[name], NAMES.index(name) % 2
    chip = Chip()
    used = attach(chip, spread, seed=4)[hemisphere]
    standalone = Standalone(network, chip, hemisphere=hemisphere)
    recorded = network.input_values is Values.SAMPLES
    samples = rng.integers(*((-128, 128) if recorded else (0, 32)), (3, *network.input_shape))
    found = standalone.run(samples)
    array = AnalogArray(spread, seed=4, hemisphere=HEMISPHERE_NAMES[hemisphere])
    one_by_one = [twins.run(network, sample[None], array)[0] for sample in samples]
    assert np.array_equal(found.values, one_by_one), SEED
    assert used.trials == array.trials
    if spread == AnalogSpread():
        assert np.array_equal(found.values, twins.run(network, samples))
    assert (found.layer_cycles > 0).all()
    assert (found.layer_cycles.sum(1) < found.cycles).all()
    assert np.allclose(found.time_s, found.cycles * 4e-9)


def test_layers_equal_plain_integer_arithmetic(rng):
    first, second = weights(rng, 3, 2, 4), weights(rng, 18, 6)
    added = bias(rng, 6)
    network = Network((2, 15), [conv(first, stride=2), ConvertingReLU(1), linear(second, added)])
    samples = rng.integers(0, 32, (4, 2, 15))
    expected = []
    for sample in samples:
        rows = [sample[:, i : i + 4].ravel() for i in range(0, 12, 2)]
        planes = ideal_product(rows, first.reshape(3, 8).T).T
        inputs = np.minimum(np.maximum(planes, 0) >> 1, 31)
        results = ideal_product(inputs.reshape(1, -1), second)[0].astype(int)
        expected.append(np.clip(results + added, -128, 127))
    assert np.array_equal(Standalone(network, Chip()).run(samples).values, expected)


def test_weights_stay_loaded_from_sample_to_sample(rng):
    network = networks(rng)["loaded together"]
    standalone = Standalone(network, Chip())
    sample = rng.integers(0, 32, (1, *network.input_shape))
    first, second, third = (int(n) for n in standalone.run(sample.repeat(3, axis=0)).cycles)
    assert first > second + 36 * 2 * 300  # 36 rows of two vectors from the external memory
    assert abs(second - third) < 300


def test_network_of_several_tiles_loads_them_again(rng):
    network = networks(rng)["tiles below each other"]
    sample = rng.integers(0, 32, (1, 300))
    first, second = Standalone(network, Chip()).run(sample.repeat(2, axis=0)).cycles
    assert abs(int(first) - int(second)) < 0.05 * first


def test_classes(rng):
    network = networks(rng)["tiles side by side"]
    samples = rng.integers(0, 32, (12, 30))
    found = Standalone(network, Chip()).classify(samples)
    assert np.array_equal(found, twins.run(network, samples))
    assert found.shape == (12,)
    assert len(set(found.tolist())) > 1


def test_networks_of_both_hemispheres_have_memory_of_their_own(rng):
    chip = Chip()
    first, second = (Network((20,), [linear(weights(rng, 20, 7))]) for _ in range(2))
    top, bottom = Standalone(first, chip), Standalone(second, chip, hemisphere=1)
    samples = rng.integers(0, 32, (2, 20))
    for _ in range(2):
        assert np.array_equal(top.run(samples).values, twins.run(first, samples))
        assert np.array_equal(bottom.run(samples).values, twins.run(second, samples))


def operation(kind, input_shape, output_shape, **arguments):
    return SimpleNamespace(
        kind=kind, input_shape=input_shape, output_shape=output_shape, arguments=arguments
    )


def test_network_of_a_trace(rng):
    sending = {"num_sends": 2, "wait_between_events": 5}
    kernels, matrix = weights(rng, 3, 2, 3), weights(rng, 15, 4).astype(np.int8)
    added = weights(rng, 3, largest=9).astype(np.int8)[:, None]
    network = Network.from_trace(
        [
            operation(
                "conv1d", (2, 12), (3, 10), weights=kernels, stride=(1,), padding=(0,),
                num_expansions=2, **sending,
            ),
            operation("add", (3, 10), (3, 10), other=added),
            operation("converting_relu", (3, 10), (3, 10), shift=1),
            operation("max_pool1d", (3, 10), (3, 5), kernel_size=(2,), stride=(2,)),
            operation("matmul", (15,), (4,), weights=matrix, **sending),
            operation("argmax", (4,), (), dim=-1),
        ]
    )  # fmt: skip
    written = Network(
        (2, 12),
        [
            conv(kernels, added[:, 0], num_expansions=2, **sending),
            ConvertingReLU(1),
            max_pool(2),
            linear(matrix, **sending),
            Argmax(),
        ],
    )
    samples = rng.integers(0, 32, (20, 2, 12))
    expected = twins.run(written, samples)
    assert np.array_equal(twins.run(network, samples), expected)
    assert np.array_equal(Standalone(network, Chip()).classify(samples), expected)


def test_a_trace_that_no_processor_can_run():
    with pytest.raises(InputError, match=r"operation 0 \(softmax\).*no such operation"):
        Network.from_trace([operation("softmax", (3,), (3,))])
    with pytest.raises(InputError, match="no operation"):
        Network.from_trace([])
    with pytest.raises(InputError, match=r"operation 0 \(argmax\).*\(2, 3\)"):
        Network.from_trace([operation("argmax", (2, 3), (2,), dim=1)])
