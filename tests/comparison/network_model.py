# SPDX-License-Identifier: BSD-3-Clause
"""A network for both simulators: 512 neurons, both synapse arrays in full use.

Every row gets events of one input (label 0) and, as recurrence, the spikes of one neuron of the
other hemisphere (label 1). Each synapse listens to one of the two labels. One row in four is
inhibitory. All times are hardware time in seconds; biological time is 1000 times longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

ROWS = COLUMNS = 256
NEURONS = 512
INPUT_LABEL, RECURRENT_LABEL = 0, 1
INHIBITORY_ROWS = ROWS // 4
RECURRENT_SHARE = 0.1


@dataclass(frozen=True)
class Parameters:
    """Of all neurons, synapses and sensors alike; potentials in CADC LSB."""

    leak_lsb: float = 80.0
    threshold_lsb: float = 125.0
    reset_lsb: float = 70.0
    tau_mem_s: float = 20e-6
    tau_syn_s: float = 5e-6
    refractory_time_s: float = 2e-6
    charge_lsb: float = 0.052  # of a unit of weight
    delay_s: float = 1e-6  # of the recurrent connections
    amplitude_lsb: float = 0.5  # of the correlation sensors
    tau_correlation_s: float = 5e-6


@dataclass(frozen=True)
class Network:
    """One random instance.

    Attributes
    ----------
    weights, labels : ndarray of uint8, shape (2, 256, 256)
        By hemisphere, row and column.
    partner : ndarray of int, shape (2, 256)
        Neuron (0 to 511) whose spikes go to a row, by hemisphere and row.
    times_s, rows : ndarray, shape (n,)
        Input events in order of time; `rows` counts through both hemispheres, 0 to 511.
    """

    parameters: Parameters
    duration_s: float
    weights: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    partner: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]


def make_network(seed: int, duration_s: float, rate_hz: float) -> Network:
    """Draw an instance whose inputs are Poisson trains of `rate_hz` (of hardware time) each."""
    rng = np.random.default_rng(seed)
    shape = (2, ROWS, COLUMNS)
    weights = rng.integers(0, 64, shape, dtype=np.uint8)
    labels = (rng.random(shape) < RECURRENT_SHARE).astype(np.uint8)
    partner = np.stack([rng.permutation(COLUMNS) + COLUMNS, rng.permutation(COLUMNS)])
    counts = rng.poisson(rate_hz * duration_s, 2 * ROWS)
    rows = np.repeat(np.arange(2 * ROWS), counts)
    times_s = rng.uniform(0, duration_s, rows.size)
    order = np.argsort(times_s)
    return Network(Parameters(), duration_s, weights, labels, partner, times_s[order], rows[order])


@dataclass(frozen=True)
class Outcome:
    """What a simulator found.

    Attributes
    ----------
    spikes : ndarray of int, shape (512,)
        Number of spikes of each neuron.
    causal, acausal : ndarray of float64, shape (2, 256, 256)
        Accumulated correlation (CADC LSB), by hemisphere, row and column.
    wall_s : float
        Wall time of the run alone, without setting up or compiling.
    """

    spikes: npt.NDArray[np.int64]
    causal: npt.NDArray[np.float64]
    acausal: npt.NDArray[np.float64]
    wall_s: float
