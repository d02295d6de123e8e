# SPDX-License-Identifier: BSD-3-Clause
"""The modelled cost of the chip, by hand."""

import pytest

from nuxkit.errors import InputError
from nuxkit.inference.hardware_model import HardwareCost, modelled_cost


def test_one_pass_by_hand():
    cost = modelled_cost(10, 128, 256, processor_cycles=2500)
    assert cost.events_s == pytest.approx(10 * 128 * 5 * 8e-9)
    assert cost.conversion_s == pytest.approx(10 * 1.64e-6)
    assert cost.processor_s == pytest.approx(10e-6)
    assert cost.time_s == pytest.approx(51.2e-6 + 16.4e-6 + 10e-6)
    assert cost.energy_j == pytest.approx(cost.time_s * 0.6957, rel=1e-3)


def test_hemispheres_and_chips_work_at_a_time():
    one = modelled_cost(1, 128, 256)
    assert modelled_cost(1, 256, 256) == one
    assert modelled_cost(1, 256, 512).time_s == pytest.approx(2 * one.time_s)
    assert modelled_cost(1, 256, 512, chips=2) == one


def test_repetitions_and_waiting_only_take_time_of_events():
    cost = modelled_cost(1, 100, 10, num_sends=3, wait_between_events=2)
    assert cost.events_s == pytest.approx(100 * 3 * 2 * 8e-9)
    assert cost.conversion_s == 1.64e-6


def test_published_energy_of_the_published_time():
    assert HardwareCost(processor_s=276e-6).energy_j == pytest.approx(192e-6)


def test_layers_are_added():
    total = modelled_cost(1, 64, 10) + modelled_cost(1, 10, 5)
    assert total.events_s == pytest.approx(74 * 5 * 8e-9)


@pytest.mark.parametrize("name", ["batch", "inputs", "outputs", "num_sends", "chips"])
def test_arguments_are_checked(name):
    with pytest.raises(InputError, match=f"{name} is 0"):
        modelled_cost(**{"batch": 1, "inputs": 1, "outputs": 1, name: 0})
