# SPDX-License-Identifier: BSD-3-Clause
"""The network on the emulated chip, in hardware time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import nuxkit
from comparison.network_model import (
    INHIBITORY_ROWS,
    NEURONS,
    RECURRENT_LABEL,
    ROWS,
    Network,
    Outcome,
    Parameters,
)
from nuxemu import CorrelationConfig, NeuronParameters, RowMode

STDP_PASS = Path(__file__).resolve().parents[1] / "bench" / "stdp_pass.c"


def neuron_parameters(of: Parameters) -> NeuronParameters:
    """Parameters of all neurons of a hemisphere."""
    return NeuronParameters(
        leak_lsb=of.leak_lsb,
        threshold_lsb=of.threshold_lsb,
        reset_lsb=of.reset_lsb,
        tau_mem_s=of.tau_mem_s,
        tau_syn_exc_s=of.tau_syn_s,
        tau_syn_inh_s=of.tau_syn_s,
        charge_exc_lsb=of.charge_lsb,
        charge_inh_lsb=of.charge_lsb,
        refractory_time_s=of.refractory_time_s,
    )


def sensor_config(of: Parameters) -> CorrelationConfig:
    """Sensors without spread, noise or saturation."""
    return CorrelationConfig.ideal(
        amplitude_causal_lsb=of.amplitude_lsb,
        amplitude_acausal_lsb=of.amplitude_lsb,
        tau_causal_s=of.tau_correlation_s,
        tau_acausal_s=of.tau_correlation_s,
        saturation_lsb=1e6,
    )


def make_chip(
    network: Network,
    *,
    mismatch: float = 0.0,
    seed: int = 0,
    sensors: CorrelationConfig | None = None,
) -> nuxkit.Chip:
    """Make a chip with the network on it and its input queued.

    `mismatch` is the coefficient of variation of the neurons' parameters; `sensors` replaces
    those without spread.
    """
    of = network.parameters
    correlation = sensors or sensor_config(of)
    chip = nuxkit.Chip(seed, correlation=correlation, neurons=neuron_parameters(of))
    if mismatch:
        for hemisphere, neurons in enumerate(chip.neurons):
            neurons.parameters = neurons.parameters.with_mismatch(2 * seed + hemisphere, mismatch)
    modes = np.full((2, ROWS), RowMode.EXCITATORY, np.uint8)
    modes[:, ROWS - INHIBITORY_ROWS :] = RowMode.INHIBITORY
    chip.network.row_modes = modes
    for hemisphere, array in enumerate(chip.synram):
        array.weights = network.weights[hemisphere]
        array.labels = network.labels[hemisphere]
    hemisphere, row = np.indices((2, ROWS)).reshape(2, -1)
    chip.network.set_routing(
        network.partner.reshape(-1), row, RECURRENT_LABEL, of.delay_s, hemisphere
    )
    chip.network.add_spikes(network.times_s, network.rows % ROWS, 0, network.rows // ROWS)
    return chip


def simulate(network: Network, *, program: Any = None, passes: int = 0, **options: Any) -> Outcome:
    """Run the network, beside a program on both processors if one is given.

    `program` is the built `STDP_PASS`, which updates all weights of its hemisphere `passes` times.
    """
    chip = make_chip(network, **options)
    if program is not None:
        for hemisphere in (0, 1):
            chip.load(program, hemisphere=hemisphere)
            chip.start(hemisphere=hemisphere, symbols={"bench_iterations": passes})
    begin = time.perf_counter()
    chip.advance(network.duration_s)
    wall_s = time.perf_counter() - begin
    spikes = np.bincount(chip.network.spikes().neurons, minlength=NEURONS)
    causal, acausal = (
        np.stack([getattr(array, name) for array in chip.synram])
        for name in ("causal_lsb", "acausal_lsb")
    )
    return Outcome(spikes, causal, acausal, wall_s)
