# SPDX-License-Identifier: BSD-3-Clause
"""Both processors at work on two threads: the same bits as on one, whatever they reach for."""

import numpy as np
import pytest

import nuxkit
from comparison.chip_network import make_chip
from comparison.network_model import make_network
from forked import on_one_processor
from nuxemu import CorrelationConfig

DURATION_S = 0.2e-3
SEED = 7

# Rounds of private work (conversions, weights, own memory) and, every `every` rounds, of what both
# share: external memory, the other SRAM and synapse array, counters, neuron resets.
KERNEL = r"""
#include <nux/nux.h>

volatile uint32_t self, every, rounds, met, seen;

#define OTHER(variable)                                                                        \
    ((volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE + 4 * (NUX_OMNIBUS_SRAM_WORD +                \
                           (1 - self) * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE) +                  \
                           (uint32_t)(uintptr_t)&(variable)))

static void own(uint32_t row) {
    nux_vector causal = fxvshb(fxvinx(NUX_VECTOR_CAUSAL, 2 * row), -1);
    nux_vector acausal = fxvshb(fxvinx(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, 2 * row), -1);
    fxvoutx(fxvsplatb(3), NUX_VECTOR_CAUSAL, 2 * row);
    nux_vector weight = fxvaddbfs(fxvshb(fxvinx(NUX_VECTOR_WEIGHT, 2 * row), 1),
                                  fxvsubbfs(acausal, causal));
    fxvcmpb(weight);
    weight = fxvsubbm_if(NUX_LT, weight, weight, weight);
    fxvoutx(fxvshb(weight, -1), NUX_VECTOR_WEIGHT, 2 * row);
}

static void shared(void) {
    volatile uint32_t *external = (volatile uint32_t *)NUX_EXTMEM_DATA_BASE;
    external[rounds & 1023] = external[(rounds * 7) & 1023] * 3 + self + 1;
    seen = seen * 5 + *OTHER(met);
    *OTHER(met) = rounds;
    volatile uint32_t *weights = (volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE +
        4 * (NUX_OMNIBUS_SYNRAM_WORD + (1 - self) * NUX_OMNIBUS_HEMISPHERE_WORD_STRIDE));
    weights[rounds & 255] = rounds;
}

int start(void) {
    for (;;) {
        own((rounds * 13) & 255);
        rounds++;
        if (every && rounds % every == 0)
            shared();
    }
}
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    path = tmp_path_factory.mktemp("kernel") / "kernel.c"
    path.write_text(KERNEL)
    return nuxkit.build(path).program


def begun(kernel, every):
    chip = make_chip(
        make_network(SEED, DURATION_S, 20e3), mismatch=0.1, seed=SEED, sensors=CorrelationConfig()
    )
    for hemisphere in (0, 1):
        chip.load(kernel, hemisphere=hemisphere)
        chip.start(hemisphere=hemisphere, symbols={"self": hemisphere, "every": every[hemisphere]})
    return chip


def digest(chip):
    return chip.model.save().digest.encode()


def of_a_run(kernel, every):
    chip = begun(kernel, every)
    chip.advance(DURATION_S)
    rounds = [int(chip.read("rounds", hemisphere=h)) for h in (0, 1)]
    assert min(rounds) > 20, rounds
    assert chip.network.statistics.spikes > 100
    return digest(chip)


@pytest.mark.parametrize("every", [(0, 0), (1, 1), (5, 3), (0, 4), (11, 0)])
def test_two_threads_give_the_bits_of_one(kernel, every):
    several = of_a_run(kernel, every)
    assert on_one_processor(lambda: of_a_run(kernel, every)) == several
    assert of_a_run(kernel, every) == several


@pytest.mark.parametrize("every", [(0, 0), (2, 7)])
def test_it_makes_no_difference_where_the_host_stops(kernel, every):
    expected = of_a_run(kernel, every)
    chip = begun(kernel, every)
    ends = np.sort(np.random.default_rng(SEED).integers(1, round(DURATION_S * 250e6), 40))
    for number, cycle in enumerate(ends.tolist()):
        chip.model.run(cycle)
        if number % 10 == 0:
            chip.network.spikes()
            chip.model.save()
    chip.model.run(round(DURATION_S * 250e6))
    assert digest(chip) == expected


def test_spikes_are_read_in_order_while_both_are_at_work(kernel):
    chip = begun(kernel, (3, 2))
    read = []
    for cycle in range(1_111, round(DURATION_S * 250e6), 1_111):
        chip.model.run(cycle)
        read.append(chip.network.spikes())
        chip.network.clear_spikes()
    times_s = np.concatenate([spikes.times_s for spikes in read])
    assert times_s.size > 100
    assert (np.diff(times_s) >= 0).all()
