# SPDX-License-Identifier: BSD-3-Clause
"""The network of 512 neurons behaves as in Brian2."""

import numpy as np
import pytest

from comparison import brian_network, chip_network
from comparison.network_model import make_network

SEEDS = (1, 2, 3)
DURATION_S, INPUT_RATE_HZ = 1e-3, 10e3  # hardware time


@pytest.fixture(scope="module")
def outcomes():
    networks = [make_network(seed, DURATION_S, INPUT_RATE_HZ) for seed in SEEDS]
    ours = [chip_network.simulate(network) for network in networks]
    return ours, brian_network.simulate(networks, step_s=brian_network.AGREED_STEP_S)


def test_firing_rates_are_those_of_brian_within_two_percent(outcomes):
    for seed, ours, theirs in zip(SEEDS, *outcomes, strict=True):
        print("seed", seed, "spikes per neuron", ours.spikes.mean(), theirs.spikes.mean())
        assert theirs.spikes.mean() > 5
        assert ours.spikes.mean() == pytest.approx(theirs.spikes.mean(), rel=0.02)
        assert np.corrcoef(ours.spikes, theirs.spikes)[0, 1] > 0.9


@pytest.mark.parametrize("sensor", ["causal", "acausal"])
def test_mean_accumulated_correlation_is_that_of_brian_within_five_percent(outcomes, sensor):
    for seed, ours, theirs in zip(SEEDS, *outcomes, strict=True):
        mean, expected = (getattr(of, sensor).mean() for of in (ours, theirs))
        print("seed", seed, sensor, mean, expected)
        assert expected > 0.1
        assert mean == pytest.approx(expected, rel=0.05)
