# SPDX-License-Identifier: BSD-3-Clause
"""Checkpoints of neurons, the order of calls, extreme input, and the same bits everywhere."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuxemu import NeuronParameters, Neurons
from nuxemu._native import ffi
from nuxemu.array_input import ArrayTypeError, ArrayValueError
from nuxemu.neuron_parameters import LIMITS

NATIVE = Path(__file__).resolve().parents[2] / "emulator" / "nuxemu" / "native"


def mixture(seed: int = 0) -> NeuronParameters:
    """Every kind of neuron, also within groups."""
    random = np.random.default_rng(seed)
    flag = [random.random(256) < part for part in (0.9, 0.9, 0.1, 0.3, 0.2, 0.3)]
    return NeuronParameters(
        enabled=flag[0], fire=flag[1], bypass=flag[2], conductance=flag[3],
        exponential=flag[4] & flag[1], adaptation=flag[5], charge_exc_lsb=0.3, a=0.5,
    ).with_mismatch(seed, cv=0.2)  # fmt: skip


def run(neurons: Neurons, seed: int, begin: float, end: float) -> list[tuple[float, int]]:
    """Random input; all spikes."""
    random = np.random.default_rng(seed)
    spikes: list[tuple[float, int]] = []
    for time in np.sort(random.uniform(begin, end, 150)):
        spikes += zip(*(found.tolist() for found in neurons.run(time)), strict=True)
        weights, inhibitory = random.integers(0, 64, 256), bool(random.random() < 0.3)
        spikes += [(time, int(c)) for c in neurons.input(time, weights, inhibitory)]
        if random.random() < 0.05:
            neurons.reset(time, random.integers(0, 256, 5))
    spikes += zip(*(found.tolist() for found in neurons.run(end)), strict=True)
    return spikes


def test_a_checkpoint_goes_on_with_the_same_bits():
    first, other = Neurons(mixture()), Neurons(mixture(1))
    run(first, 1, 0, 5e-5)
    run(other, 2, 0, 2e-5)  # a past of its own, which loading must overwrite
    data = first.save()
    other.load(data)
    assert other.save() == data
    expected = run(first, 3, 5e-5, 1e-4)
    assert len(expected) > 100
    assert run(other, 3, 5e-5, 1e-4) == expected
    assert other.save() == first.save()
    assert other.membrane().tobytes() == first.membrane().tobytes()


def test_equal_histories_give_equal_bytes():
    a, b = Neurons(mixture()), Neurons(mixture())
    assert run(a, 1, 0, 3e-5) == run(b, 1, 0, 3e-5)
    assert a.save() == b.save()
    b.input(b.now_s, np.full(256, 1))
    assert a.save() != b.save()


def test_a_group_that_was_in_use_leaves_no_trace():
    neurons = Neurons()
    fresh = neurons.save()
    neurons.parameters = mixture()
    neurons.input(0.0, np.full(256, 63))
    neurons.parameters = Neurons().parameters
    assert neurons.save() == fresh


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_states_are_refused_or_run(data):
    """Flipped bytes: refused without a change, or a state that the neurons can go on with."""
    neurons = Neurons(mixture())
    run(neurons, 1, 0, 1e-5)
    state = bytearray(neurons.save())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(state) - 1))
        state[at] = data.draw(st.integers(0, 255))
    before = neurons.save()
    try:
        neurons.load(bytes(state))
    except ArrayValueError:
        assert neurons.save() == before
        return
    assert neurons.save() == bytes(state)
    if neurons.next_s < neurons.now_s + 1e-6:
        neurons.run(neurons.now_s + 1e-7)
    assert np.isfinite(neurons.membrane()).all()


@pytest.mark.parametrize("change", ["short", "long", "empty", "mark", "nan", "flag", "order"])
def test_other_bytes_are_refused(change):
    neurons = Neurons(NeuronParameters())
    state = bytearray(neurons.save())
    if change == "mark":
        state[0] ^= 1
    elif change == "nan":
        state[8:16] = b"\xff" * 8
    elif change == "flag":
        state[8 + 16 * 256 * 8] = 2
    elif change == "order":
        now = 8 + ffi.sizeof("nux_neuron_parameters") + ffi.offsetof("nux_neuron_state", "now_s")
        state[now : now + 8] = np.float64(-1).tobytes()
    wrong = {"short": state[:-1], "long": state + b"\0", "empty": b""}.get(change, state)
    with pytest.raises(ArrayValueError, match="not a state of neurons"):
        neurons.load(bytes(wrong))
    neurons.load(neurons.save())


# --- the host's calls -----------------------------------------------------------------------


def test_time_does_not_go_back():
    neurons = Neurons(NeuronParameters())
    neurons.run(1e-5)
    for call in (
        lambda: neurons.run(9e-6),
        lambda: neurons.input(9e-6, np.zeros(256, int)),
        lambda: neurons.reset(9e-6),
        lambda: neurons.membrane(9e-6),
        lambda: neurons.run(np.nan),
        lambda: neurons.run(np.inf),
    ):
        with pytest.raises(ArrayValueError, match="current time of 1e-05 s"):
            call()


def test_spikes_have_to_be_fetched_before_input():
    neurons = Neurons(NeuronParameters(leak_lsb=150.0))
    for call in (
        lambda: neurons.input(1e-3, np.zeros(256, int)),
        lambda: neurons.membrane(1e-3),
        lambda: neurons.reset(1e-3),
    ):
        with pytest.raises(ArrayValueError, match="run up to then first"):
            call()
    neurons.run(1e-3)
    neurons.input(1e-3, np.zeros(256, int))


def test_wrong_input_is_refused():
    neurons = Neurons(NeuronParameters())
    for weights in (np.full(256, 64), np.full(255, 1), np.full(256, -1)):
        with pytest.raises(ArrayValueError, match="weights"):
            neurons.input(0.0, weights)
    with pytest.raises(ArrayTypeError, match="weights"):
        neurons.input(0.0, np.full(256, 1.0))
    for amplitude in (-0.1, np.nan, np.inf):
        with pytest.raises(ArrayValueError, match="amplitude"):
            neurons.input(0.0, np.full(256, 1), amplitude=amplitude)
    with pytest.raises(ArrayValueError, match="columns"):
        neurons.reset(0.0, [256])


def test_state_can_be_set():
    p = NeuronParameters(adaptation=np.arange(256) < 100, fire=False)
    neurons = Neurons(p)
    neurons.run(1e-6)
    neurons.set_state(range(10), membrane_lsb=np.arange(10.0), adaptation_lsb=3.0)
    neurons.set_state([200], exc_lsb_per_s=1e6, inh_lsb_per_s=2e6)
    np.testing.assert_array_equal(neurons.membrane()[:10], np.arange(10))
    np.testing.assert_array_equal(neurons.adaptation()[:11], [3.0] * 10 + [0])
    np.testing.assert_array_equal(neurons.currents()[:, 200], [1e6, 2e6])
    neurons.run(3e-6)
    assert (neurons.membrane()[:10] > np.arange(10)).all()
    for wrong, error in (
        ({"exc_lsb_per_s": -1.0}, ArrayValueError),
        ({"membrane_lsb": np.nan}, ArrayValueError),
        ({"membrane_lsb": np.zeros(3)}, ArrayValueError),
        ({"voltage": 1.0}, ArrayTypeError),
    ):
        with pytest.raises(error, match=next(iter(wrong))):
            neurons.set_state(**wrong)


# --- extremes -------------------------------------------------------------------------------


def numbers(name: str) -> st.SearchStrategy[float]:
    low, high = LIMITS[name]
    edge = [low, high if high < np.inf else 1.0]
    if name.endswith("_s"):
        return st.sampled_from([*edge, 1e-7, 1e-6, 1e-5])
    return st.one_of(st.sampled_from(edge), st.floats(low, min(high, 1e3)))


@settings(max_examples=60, deadline=None)
@given(
    values=st.fixed_dictionaries({name: numbers(name) for name in LIMITS}),
    kind=st.tuples(*[st.booleans()] * 4),
    events=st.lists(
        st.tuples(st.floats(0, 2e-6), st.integers(0, 63), st.booleans(), st.floats(0, 3)),
        max_size=12,
    ),
)
def test_extreme_parameters_take_bounded_work_and_give_numbers(values, kind, events):
    fire, conductance, exponential, adaptation = kind
    fire |= exponential
    if conductance:
        values["leak_lsb"] = min(max(values["leak_lsb"], -998), 998)
        values["e_exc_lsb"] = max(values["e_exc_lsb"], values["leak_lsb"] + 1.001)
        values["e_inh_lsb"] = min(values["e_inh_lsb"], values["leak_lsb"] - 1.001)
    values["threshold_lsb"] = max(values["threshold_lsb"], -999)
    values["reset_lsb"] = min(values["reset_lsb"], values["threshold_lsb"] - 1)
    neurons = Neurons(
        NeuronParameters(
            **values, enabled=np.arange(256) < 2, fire=fire, conductance=conductance,
            exponential=exponential, adaptation=adaptation,
        )
    )  # fmt: skip
    spikes = 0
    for time, weight, inhibitory, amplitude in [*sorted(events), (5e-6, 0, False, 1.0)]:
        steps, before = 0, spikes
        while neurons.next_s <= time:
            spikes += neurons.run(neurons.next_s)[0].size
            steps += 1
            assert steps < 50_000 + 1000 * (spikes - before)
        neurons.input(time, np.full(256, weight), inhibitory, amplitude)
    # No more spikes than refractory times.
    assert spikes <= 2 * (5e-6 / values["refractory_time_s"] + 1)
    for values in (neurons.membrane(), neurons.currents(), neurons.adaptation()):
        assert np.isfinite(values).all()


def test_a_membrane_that_hovers_below_its_threshold_takes_bounded_work():
    """Rest at the threshold, approached and never reached, and balanced strong currents."""
    neurons = Neurons(NeuronParameters(leak_lsb=125.0, tau_syn_inh_s=5e-6))
    neurons.set_state(membrane_lsb=np.nextafter(125.0, 0), exc_lsb_per_s=1e7, inh_lsb_per_s=1e7)
    neurons.run(1e-3)
    neurons = Neurons(NeuronParameters(leak_lsb=125.0, tau_syn_inh_s=4.999e-6))
    neurons.set_state(membrane_lsb=125 - 1e-12, exc_lsb_per_s=1e7, inh_lsb_per_s=1e7 * 1.0002)
    neurons.run(1e-3)


@pytest.mark.parametrize("fading", [0, 1])
def test_currents_fade_to_nothing(fading):
    """They do not linger as subnormal numbers, which slow machines down."""
    neurons = Neurons(NeuronParameters(leak_lsb=0.0, reset_lsb=-10.0, fire=False))
    neurons.input(0.0, np.full(256, 63), inhibitory=fading == 1)
    for i in range(1, 1600):
        neurons.input(i * 2.5e-6, np.full(256, 1), inhibitory=fading == 0)
    np.testing.assert_array_equal(neurons.currents()[fading], 0)
    assert (neurons.currents()[1 - fading] > 0).all()


# --- machines -------------------------------------------------------------------------------


def build(folder: Path, name: str, *flags: str) -> Path:
    library = folder / f"{name}.so"
    sources = sorted(str(source) for source in NATIVE.glob("neuron*.c"))
    command = ["gcc", "-std=gnu11", "-O3", "-fPIC", "-shared", "-Wno-psabi", "-ffp-contract=off",
               "-fno-math-errno", "-DNUX_NO_CLONES", *flags, f"-I{NATIVE}", *sources, "-lm",
               "-o", str(library)]  # fmt: skip
    subprocess.run(command, check=True, timeout=300)
    return library


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """The neurons alone, without special instructions and, where they run, for AVX2 and AVX-512.

    ``other`` is the code for other kinds of processors.
    """
    folder = tmp_path_factory.mktemp("neurons")
    found = {"portable": build(folder, "portable"), "other": build(folder, "other", "-U__SSE2__")}
    flags = set(Path("/proc/cpuinfo").read_text().split())
    if "avx2" in flags:
        found["avx2"] = build(folder, "avx2", "-mavx2")
    if flags >= {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}:
        found["avx512"] = build(folder, "avx512", "-march=x86-64-v4")
    return found


def state_elsewhere(library: Path, start: bytes) -> bytes:
    """The state after some input, as computed by a library."""
    from cffi import FFI

    ffi = FFI()
    header = (NATIVE / "cdef" / "neurons.h").read_text()
    ffi.cdef("\n".join(line for line in header.splitlines() if not line.startswith("#")))
    lib = ffi.dlopen(str(library))
    neurons = lib.nux_neurons_new()
    assert lib.nux_neurons_load(neurons, start, len(start)) == 0
    columns, match = ffi.new("uint16_t[256]"), ffi.new("uint8_t[256]", [0xFF] * 256)
    for time, weights, inhibitory in some_input():
        while lib.nux_neurons_next(neurons) <= time:
            lib.nux_neurons_step(neurons, lib.nux_neurons_next(neurons), columns)
        lib.nux_neurons_input(neurons, time, weights.tobytes(), match, inhibitory, 1.0, columns)
    data = ffi.new("uint8_t[]", len(start))
    lib.nux_neurons_save(neurons, data, len(start))
    lib.nux_neurons_free(neurons)
    return bytes(ffi.buffer(data))


def some_input():
    random = np.random.default_rng(9)
    for index, time in enumerate(np.sort(random.uniform(0, 1e-4, 600))):
        weights = random.integers(0, 64, 256).astype(np.uint8)
        if index % 3 == 2:
            weights *= random.random(256) < 0.1
        yield time, weights, int(random.random() < 0.3)


@pytest.mark.parametrize("parameters", ["mixture", "alike", "varied"])
def test_all_kinds_of_machines_compute_the_same_bits(libraries, parameters):
    p = NeuronParameters()
    kinds = {"mixture": mixture(), "alike": p, "varied": p.with_mismatch(1)}
    neurons = Neurons(kinds[parameters])
    start = neurons.save()
    spikes = 0
    for time, weights, inhibitory in some_input():
        spikes += neurons.run(time)[0].size
        neurons.input(time, weights, bool(inhibitory))
    assert spikes > 300
    for name, library in libraries.items():
        assert state_elsewhere(library, start) == neurons.save(), name
