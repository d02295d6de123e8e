# SPDX-License-Identifier: BSD-3-Clause
"""The same run gives the same state: again, in other processes, in pieces, from a checkpoint.

The runs are those of the network of 512 neurons with the STDP pass on both processors, neurons
and sensors with mismatch and noise, and an on-chip Poisson source beside the queued input.
"""

import multiprocessing
import zipfile
from concurrent.futures import ProcessPoolExecutor

import pytest

import nuxkit
from comparison.chip_network import STDP_PASS, make_chip
from comparison.network_model import make_network
from nuxemu import ChipState, CorrelationConfig, StateError

DURATION_S = 0.3e-3
SEED = 5


def begin(seed=SEED):
    """Make the chip, with its programs started."""
    network = make_network(seed, DURATION_S, 10e3)
    chip = make_chip(network, mismatch=0.1, seed=seed, sensors=CorrelationConfig())
    chip.network.add_poisson(50e3, rows=[3, 200], hemispheres=[0, 1], seed=seed)
    program = nuxkit.build(STDP_PASS).program
    for hemisphere in (0, 1):
        chip.load(program, hemisphere=hemisphere)
        chip.start(hemisphere=hemisphere, symbols={"bench_iterations": 1000})
    return chip


def advance_to(chip, cycle):
    chip.model.run(cycle)
    return chip


def end_cycle():
    return round(DURATION_S * 250e6)


def digest_of_a_run(seed=SEED):
    return advance_to(begin(seed), end_cycle()).model.save().digest


def digest_of_the_rest(path):
    """Go on from a checkpoint, in a chip that was made for something else."""
    chip = nuxkit.Chip(seed=99)
    chip.model.restore(ChipState.read(path))
    return advance_to(chip, end_cycle()).model.save().digest


@pytest.fixture(scope="module")
def expected():
    chip = advance_to(begin(), end_cycle())
    # A run in which nothing happens would show nothing.
    statistics = chip.network.statistics
    assert statistics.row_events > 1000
    assert statistics.spikes > 200
    assert statistics.routed > 200
    assert all(chip.is_running(hemisphere) for hemisphere in (0, 1))
    first = make_network(SEED, DURATION_S, 10e3).weights
    assert all((chip.synram[h].weights != first[h]).mean() > 0.1 for h in (0, 1))
    return chip.model.save().digest


@pytest.fixture(scope="module")
def workers():
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        yield pool


def test_a_second_run_in_the_process_is_the_same(expected):
    assert digest_of_a_run() == expected


def test_another_seed_is_another_run(expected):
    assert digest_of_a_run(SEED + 1) != expected


def test_runs_on_several_worker_processes_are_the_same(expected, workers):
    assert list(workers.map(digest_of_a_run, [SEED] * 4)) == [expected] * 4


def test_a_run_on_one_worker_is_that_on_several(expected, workers):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as one:
        alone = [one.submit(digest_of_a_run, seed).result() for seed in (SEED, SEED + 1)]
    assert alone == list(workers.map(digest_of_a_run, (SEED, SEED + 1)))
    assert alone[0] == expected


@pytest.mark.parametrize(
    "cycles",
    [(1,), (499, 500, 501), (1_237, 1_238, 20_011, 20_250, 71_333)],
    ids=["first cycle", "around a turn", "odd times"],
)
def test_stops_of_the_host_in_between_change_nothing(expected, cycles):
    chip = begin()
    for cycle in cycles:
        advance_to(chip, cycle)
    assert advance_to(chip, end_cycle()).model.save().digest == expected


def test_reading_while_it_runs_changes_nothing(expected):
    chip = advance_to(begin(), 33_333)
    for circuits, array in zip(chip.neurons, chip.synram, strict=True):
        circuits.membrane()
        array.causal_lsb.mean()
    chip.network.spikes()
    chip.model.save()
    assert advance_to(chip, end_cycle()).model.save().digest == expected


@pytest.mark.parametrize("cycle", [0, 7_501, 40_000])
def test_a_checkpoint_goes_on_alike_in_another_process(expected, workers, tmp_path, cycle):
    path = tmp_path / "chip.npz"
    halfway = advance_to(begin(), cycle)
    halfway.model.save().write(path)
    assert workers.submit(digest_of_the_rest, path).result() == expected
    assert advance_to(halfway, end_cycle()).model.save().digest == expected


def test_a_state_file_with_a_part_that_is_no_array_is_refused(tmp_path):
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    nuxkit.Chip().model.save().write(good)
    with zipfile.ZipFile(good) as source:
        names = source.namelist()
        for damaged in ("chip.npy", "nuxemu_state_format.npy"):
            with zipfile.ZipFile(bad, "w") as target:
                for name in names:
                    target.writestr(name, b"none" if name == damaged else source.read(name))
            with pytest.raises(StateError, match="not a saved chip state"):
                ChipState.read(bad)
