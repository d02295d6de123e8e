# SPDX-License-Identifier: BSD-3-Clause
"""What no network can be, and what does not fit into the memories, is told."""

import numpy as np
import pytest

from nuxkit import Chip
from nuxkit.errors import InputError
from nuxkit.inference import (
    Add,
    Argmax,
    ConvertingReLU,
    MaxMinPool,
    Network,
    ReLU,
    Requantise,
    Standalone,
    compile_network,
    conv,
    linear,
    max_pool,
)

SQUARE = np.ones((4, 4), int)
KERNEL = np.ones((2, 1, 3), int)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linear(SQUARE * 64), r"weights\[0, 0\] is 64, out of the range -63 to 63"),
        (lambda: linear(SQUARE / 2), "weights are of type float64"),
        (lambda: linear(SQUARE * np.nan), "weights are of type float64"),
        (lambda: linear([1, 2]), r"shape \(2,\), but must have 2 dimensions"),
        (lambda: linear(np.ones((0, 3), int)), r"shape \(0, 3\): there are none"),
        (lambda: linear(SQUARE, [1, 2]), r"bias has the shape \(2,\).*\(4,\)"),
        (lambda: linear(SQUARE, [0, 0, 0, 128]), r"bias\[3\] is 128"),
        (lambda: linear(SQUARE, num_sends=0), "num_sends is 0"),
        (lambda: linear(SQUARE, wait_between_events=2.5), "wait_between_events is 2.5"),
        (lambda: linear(SQUARE, column=256), "column is 256"),
        (lambda: conv(SQUARE), r"shape \(4, 4\), but must have 3 or 4 dimensions"),
        (lambda: conv(KERNEL, stride=0), "stride is 0"),
        (lambda: conv(KERNEL, stride=(1, 2, 3)), r"stride is \(1, 2, 3\)"),
        (lambda: conv(KERNEL, padding=-1), "padding is -1"),
        (lambda: conv(KERNEL, dilation=2), "dilation is 2"),
        (lambda: conv(KERNEL, num_expansions=0), "num_expansions is 0"),
        (lambda: ConvertingReLU(8), "shift is 8, but must be 0 to 7"),
        (lambda: Requantise(128), "scale is 128"),
        (lambda: Add([1.5]), "other are of type float64"),
        (lambda: max_pool(0), "kernel is 0"),
        (lambda: MaxMinPool(0), "window is 0"),
        (lambda: MaxMinPool(4, 8), "shift is 8"),
        (lambda: Network((3,), [MaxMinPool(4)]), "windows of 4, more than the 3 samples"),
        (lambda: Network((9,), [MaxMinPool(4), MaxMinPool(2)]), "takes samples"),
        (
            lambda: Network((4,), [MaxMinPool(2)]).inputs([[0, 0, -129, 0]]),
            r"samples\[0, 2\] is -129, out of the range -128 to 127",
        ),
    ],
)
def test_layer_out_of_range(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("shape", "layers", "message"),
    [
        ((4,), [], "at least one layer"),
        ((4, 0), [linear(SQUARE)], "one to three sizes"),
        ((4,), [linear(SQUARE), "relu"], "layer 1 is 'relu'"),
        ((5,), [linear(SQUARE)], r"layer 0 \(Product\) has weights for 4 inputs, but gets 5"),
        ((4,), [linear(SQUARE), linear(SQUARE)], r"layer 1 \(Product\) takes inputs.*gets results"),
        ((4,), [ReLU()], r"layer 0 \(ReLU\) takes results.*gets inputs"),
        ((4,), [linear(SQUARE), Argmax(), ReLU()], r"layer 2 \(ReLU\).*gets a class"),
        ((3, 9), [conv(KERNEL)], r"layer 0 \(Product\) has weights for 1 channels, but gets 3"),
        ((1, 2), [conv(KERNEL)], "kernel of 1 x 3, more than the padded input of 1 x 2"),
        ((4,), [linear(SQUARE), Add(1)], r"layer 1 \(Add\) adds the output of layer 1, which is"),
        ((4,), [linear(SQUARE), Add([1, 2])], "adds 2 constants to 4 values"),
        (
            (4,),
            [linear(SQUARE), ConvertingReLU(), linear(SQUARE), Add(1)],
            "adds the output of layer 1, inputs",
        ),
        ((2, 2), [max_pool(3)], r"layer 0 \(Pool\) has windows of 1 x 3.*1 x 2"),
    ],
)
def test_layers_that_do_not_fit_each_other(shape, layers, message):
    with pytest.raises(InputError, match=message):
        Network(shape, layers)


def test_values_too_large_for_the_memory_of_the_processor():
    network = Network((1, 3000), [conv(KERNEL), ReLU()])
    with pytest.raises(
        InputError, match=r"layer 0 \(Product\) does not fit: 5996 values take 6016 .* are 6400"
    ):
        compile_network(network)


def test_input_too_large_for_the_memory_of_the_processor():
    network = Network((7000,), [linear(np.ones((7000, 2), int))])
    with pytest.raises(InputError, match=r"7000 values .* are 6400"):
        compile_network(network)


def test_weights_too_large_for_the_external_memory():
    network = Network((4,), [linear(SQUARE), ConvertingReLU(), linear(SQUARE)])
    needed = 2 * 5 * 256
    assert len(compile_network(network, weights_size=needed).weights) == needed
    with pytest.raises(
        InputError, match=rf"layer 2 \(Product\) does not fit.*1280 bytes there are {needed}"
    ):
        compile_network(network, weights_size=needed - 1)


def test_too_many_layers():
    layers = [linear(SQUARE), *[ReLU()] * 31]
    assert compile_network(Network((4,), layers))
    with pytest.raises(InputError, match="33 layers, but must have up to 32"):
        compile_network(Network((4,), [*layers, ReLU()]))


def test_large_layer_beside_others():
    network = Network((4,), [linear(np.ones((4, 200), int), column=60)])
    with pytest.raises(InputError, match="200 columns from column 60 on"):
        compile_network(network)


def test_column_of_a_layer_with_too_many_inputs():
    network = Network((129,), [linear(np.ones((129, 4), int), column=6)])
    with pytest.raises(InputError, match="129 inputs and 4 columns from column 6 on"):
        compile_network(network)


@pytest.fixture(scope="module")
def standalone():
    return Standalone(Network((4,), [linear(SQUARE)]), Chip())


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([[0, 0, 32, 0]], r"samples\[0, 2\] is 32"),
        ([[0, -1, 3, 0]], r"samples\[0, 1\] is -1"),
        ([0, 1, 2, 3], r"shape \(4,\), but must have the shape \(batch, 4\)"),
        ([[0.5, 1, 2, 3]], "of type float64"),
        ([[np.nan, 1, 2, 3]], "of type float64"),
    ],
)
def test_samples_out_of_range(standalone, samples, message):
    with pytest.raises(InputError, match=message):
        standalone.run(samples)


def test_no_samples(standalone):
    outputs = standalone.run(np.empty((0, 4), int))
    assert outputs.values.shape == (0, 4)
    assert outputs.layer_cycles.shape == (0, 1)


def test_network_without_a_class(standalone):
    with pytest.raises(InputError, match="no Argmax"):
        standalone.classify([[1, 2, 3, 4]])


def test_another_program_was_loaded():
    chip = Chip()
    first = Standalone(Network((4,), [linear(SQUARE)]), chip)
    Standalone(Network((4,), [linear(2 * SQUARE)]), chip)
    with pytest.raises(InputError, match="another program was loaded"):
        first.run([[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("place", "value", "code"), [(0, 7, 1), (4, 7, 2), (6, 33, 3), (8, 0, 3), (12, 99, 4)]
)
def test_processor_refuses_what_is_no_description(place, value, code):
    chip = Chip()
    made = Standalone(Network((4,), [linear(SQUARE)]), chip)
    address = chip.program().symbols["workspace"].address + place
    size = {0: 4, 4: 2, 6: 2, 8: 4, 12: 1}[place]
    chip.ppu[0].write(address, value.to_bytes(size, "big"))
    with pytest.raises(Exception, match=rf"refused the description.*{code}"):
        made.run([[1, 2, 3, 4]])
