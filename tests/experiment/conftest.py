# SPDX-License-Identifier: BSD-3-Clause
"""Small networks that the tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nuxkit

RULE = """\
#include <nux/rule.h>
NUX_PARAMETERS(
    (int8_t, step, 1, -10, 10, "weight steps"),
    (nux_frac8, share, 0.25, 0, 0.5, "1"),
    (uint16_t, table[3], 7, 0, 1000, "1"))
NUX_OBSERVABLES(
    (synapse, uint8_t, weights, "LSB"),
    (neuron, uint8_t, columns, "1"),
    (array, int32_t, counts[2], "1"),
    (scalar, float, reward, "1"))

// Adds `step` to all weights, records them as they were before, and each neuron's column.
void rule(const nux_call *call) {
    for (uint32_t p = 0; p < call->projections; p++) {
        const nux_projection *projection = &call->projection[p];
        for (uint32_t i = 0; i < projection->rows; i++) {
            nux_row weights = nux_get_weights(projection->row[i]);
            nux_record_row(weights, p, i, weights);
            nux_vector step = fxvsplatb(parameters.step);
            nux_row sum = {fxvaddbm(weights.even, step), fxvaddbm(weights.odd, step)};
            nux_set_weights_masked(projection->row[i], sum, nux_projection_mask(projection));
        }
    }
    for (uint32_t p = 0; p < call->populations; p++) {
        for (uint32_t j = 0; j < call->population[p].neurons; j++) {
            nux_record_neuron(columns, p, j, call->population[p].column[j]);
        }
    }
    observables.counts[0] = call->index;
    observables.counts[1] = call->hemisphere;
    observables.reward = 0.5f * parameters.step;
}
"""

SLOW_RULE = """\
#include <nux/rule.h>
#include <nux/time.h>
NUX_PARAMETERS((uint32_t, cycles, 100, 0, 100000000, "cycles"))

void rule(const nux_call *call) {
    (void)call;
    uint32_t begin = nux_time_base_low();
    while (nux_time_base_low() - begin < parameters.cycles) {
    }
}
"""


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    """A rule that adds to weights and has all kinds of observables."""
    path = tmp_path / "adder.c"
    path.write_text(RULE)
    return path


@pytest.fixture
def slow_rule_file(tmp_path: Path) -> Path:
    """A rule that takes as many cycles as its parameter says."""
    path = tmp_path / "slow.c"
    path.write_text(SLOW_RULE)
    return path


Network = tuple[nuxkit.Experiment, nuxkit.Population, nuxkit.Population, nuxkit.Projection]


@pytest.fixture
def network() -> Callable[..., Network]:
    """Give a maker of networks: Poisson inputs, neurons, all connected."""

    def make(inputs: int = 8, neurons: int = 16, weight: int = 40, **options: object) -> Network:
        experiment = nuxkit.Experiment(**options)
        pre = experiment.population(inputs, nuxkit.SpikeSourcePoisson(20e3), label="inputs")
        post = experiment.population(neurons, {"threshold_lsb": 95.0}, label="neurons")
        return experiment, pre, post, experiment.projection(pre, post, weight=weight)

    return make
