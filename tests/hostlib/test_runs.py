# SPDX-License-Identifier: BSD-3-Clause
"""Runs of programs on the chip: results, symbols, hemispheres, cores, determinism."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import nuxkit
from nuxkit import Chip, InputError, RunLimitError, StopReason, build


def test_results_of_a_run(kernel):
    program = kernel('int start(void) { nux_mailbox_write_string("learned\\n"); return -3; }')
    result = Chip().run(program)
    assert (result.return_code, result.mailbox) == (-3, "learned\n")
    assert result.stop.reason is StopReason.FINISHED
    assert result.emulated_time_s == pytest.approx(result.cycles * 4e-9)
    assert 20 < result.instructions <= result.cycles
    assert result.wall_time_s > 0
    assert (result.program, result.hemisphere) == (program, 0)
    assert (result.call_stack, result.remarks) == ((), ())


def test_program_build_result_and_path_all_run(tmp_path):
    source = tmp_path / "k.c"
    source.write_text("int start(void) { return 7; }")
    built = build(source)
    chip = Chip()
    for program in (built, built.program, built.elf_path, str(built.elf_path)):
        assert chip.run(program).return_code == 7


def test_hardware_time_goes_on_by_what_runs_take(kernel):
    chip = Chip()
    chip.advance(1e-3)
    result = chip.run(kernel("int start(void) { nux_sleep_cycles(5000); return 0; }"))
    assert chip.time_s == pytest.approx(1e-3 + result.emulated_time_s, abs=1e-12)
    assert 20e-6 < result.emulated_time_s < 21e-6


COUNTER = """
typedef struct { int16_t rate; float gain; uint8_t window[3]; } params_t;
volatile int count = 10;
volatile int zero;
params_t params = {5, 1.5f, {1, 2, 3}};
params_t many[2] = {{1, 2.0f, {3, 4, 5}}, {6, 7.0f, {8, 9, 10}}};
int16_t table[3][2] = {{1, 2}, {3, 4}, {-5, 6}};
enum mode { IDLE, LEARN = 7 } mode = LEARN;
_Bool flag = 1;
uint64_t wide = 0x123456789abcdef0u;
nux_vector_memory lanes;
static volatile uint8_t hidden = 3;
int start(void) { count++; zero += 2; hidden++; return count; }
"""


def test_variables_come_by_name_with_their_c_types(kernel):
    symbols = Chip().run(kernel(COUNTER)).symbols
    assert symbols["count"] == 11
    assert symbols["params"] == {"rate": 5, "gain": 1.5, "window": pytest.approx([1, 2, 3])}
    assert symbols["params.gain"] == 1.5
    assert symbols["many[1].window[2]"] == 10
    np.testing.assert_array_equal(symbols["table"], [[1, 2], [3, 4], [-5, 6]])
    assert symbols["table"].dtype == np.int16
    assert symbols["table[2][0]"] == -5
    assert symbols["mode"] == 7
    assert symbols["flag"] is True
    assert symbols["wide"] == 0x123456789ABCDEF0
    assert symbols["lanes"].shape == (128,)
    assert symbols["hidden"] == 4
    assert {"count", "params", "table", "hidden"} <= set(symbols)


def test_memory_is_kept_without_a_program_and_fresh_with_one(kernel):
    program = kernel(COUNTER)
    chip = Chip()
    assert chip.run(program).return_code == 11
    again = chip.run()
    assert (again.return_code, again.symbols["zero"], again.symbols["hidden"]) == (12, 4, 5)
    fresh = chip.run(program)
    assert (fresh.return_code, fresh.symbols["zero"], fresh.symbols["hidden"]) == (11, 2, 4)


def test_variables_are_written_before_and_between_runs(kernel):
    chip = Chip()
    chip.load(kernel(COUNTER))
    chip.write("count", 100)
    assert chip.run().return_code == 101
    chip.write("count", -5)
    assert chip.run(symbols={"params.window": [9, 8, 7]}).return_code == -4
    assert chip.read("count") == -4
    assert chip.read("params.window").tolist() == [9, 8, 7]
    assert chip.read("params.gain") == 1.5
    assert chip.run(kernel(COUNTER), symbols={"count": 0x7FFFFFFE}).return_code == 2**31 - 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("params", {"rate": -2, "gain": 0.25, "window": [7, 8, 9]}),
        ("params.gain", 1e-45),
        ("params.gain", float("-inf")),
        ("many[0].rate", -32768),
        ("table", [[1, -1], [2, -2], [32767, -32768]]),
        ("table[1]", [8, 9]),
        ("mode", "LEARN"),
        ("flag", False),
        ("wide", 2**64 - 1),
        ("lanes", list(range(128))),
        ("hidden", 255),
    ],
)
def test_what_is_written_is_read(kernel, path, value):
    chip = Chip()
    chip.load(kernel(COUNTER))
    chip.write(path, value)
    found = chip.read(path)
    if isinstance(found, dict):
        assert {name: np.asarray(v).tolist() for name, v in found.items()} == value
    elif value == "LEARN":
        assert found == 7
    else:
        np.testing.assert_array_equal(found, np.float32(value) if "gain" in path else value)


def test_an_unknown_name_lists_close_ones(kernel):
    chip = Chip()
    chip.load(kernel(COUNTER))
    with pytest.raises(InputError, match=r"no symbol 'coumt'; close matches: count"):
        chip.read("coumt")
    with pytest.raises(InputError, match=r"has no member 'rte'; it has: rate, gain, window"):
        chip.write("params.rte", 1)


def test_a_result_keeps_its_values_when_the_chip_goes_on(kernel):
    chip = Chip()
    first = chip.run(kernel(COUNTER))
    chip.run()
    assert first.symbols["count"] == 11
    assert chip.read("count") == 12


def test_the_mailbox_is_empty_at_each_start(kernel):
    program = kernel(
        'volatile int n; int start(void) { if (!n++) nux_mailbox_write_string("one"); return 0; }'
    )
    chip = Chip()
    assert [chip.run(program).mailbox, chip.run().mailbox] == ["one", ""]


WEIGHTS = """
volatile uint32_t add;
int start(void) {
    for (uint32_t i = 0; i < 512; i++)
        fxvoutx(fxvaddbm(fxvinx(NUX_VECTOR_WEIGHT, i), fxvsplatb(add)), NUX_VECTOR_WEIGHT, i);
    return (int)add; }
"""


def test_hemispheres_have_their_own_program_memory_and_array(kernel):
    chip = Chip()
    program = kernel(WEIGHTS)
    for hemisphere, weight in ((0, 10), (1, 30)):
        chip.synram[hemisphere].weights = np.full((256, 256), weight, np.uint8)
    assert chip.run(program, symbols={"add": 3}).return_code == 3
    assert (chip.synram[0].weights == 13).all()
    assert (chip.synram[1].weights == 30).all()
    assert chip.run(program, symbols={"add": 5}, hemisphere=1).return_code == 5
    assert (chip.synram[0].weights == 13).all()
    assert (chip.synram[1].weights == 35).all()
    chip.run(kernel(COUNTER), hemisphere=1)
    assert chip.read("add") == 3
    assert chip.run().return_code == 3  # hemisphere 0 still has its program
    assert chip.run(hemisphere=1).return_code == 12


def test_spikes_go_to_their_hemisphere(good):
    chip = Chip()
    times = np.arange(1, 51) * 20e-6
    zeros = np.zeros(50, int)
    chip.add_spikes(pre=(times, zeros + 4, zeros), post=(times + 1e-6, zeros + 9), hemisphere=1)
    chip.advance(2e-3)
    assert (chip.synram[0].causal_lsb == 0).all()
    causal = chip.synram[1].causal_lsb
    assert np.argwhere(causal > 1).tolist() == [[4, 9]]


VECTORS = """
nux_vector_memory a, b, results[12];
int start(void) {
    for (uint32_t i = 0; i < 128; i++) { a.u8[i] = (uint8_t)(i * 37 + 11);
        b.u8[i] = (uint8_t)(i * 91 + 200); }
    nux_sync();
    nux_vector x = fxvlax(&a, 0), y = fxvlax(&b, 0);
    for (int round = 0; round < 20; round++) {
        nux_vector z = fxvaddhm(x, fxvsubbfs(y, fxvmulbfs(x, y)));
        fxvmtach(x); fxvmatachfs(y, z);
        y = fxvaddachfs(fxvmulhm(z, y));
        fxvcmpb(fxvsubbm(x, y));
        x = fxvaddbfs_if(NUX_GT, z, x, fxvshb(y, -1));
        x = fxvsel(x, fxvpckbu(y, z, 1), NUX_LT);
        fxvcmph(x);
        y = fxvmulhfs_if(NUX_LT, fxvupckbl(x, y, 2), y, z);
        fxvstax(fxvupckbr(fxvpckbl(x, y, 3), z, 1), &results[round % 10], 0);
    }
    fxvoutx(x, NUX_VECTOR_WEIGHT, 5);
    fxvoutx_if(NUX_GT, y, NUX_VECTOR_LABEL, 6);
    fxvstax(fxvinx(NUX_VECTOR_WEIGHT, 5), &results[10], 0);
    fxvstax(fxvsplath(0x1234), &results[11], 0);
    nux_sync();
    return results[3].u8[7];
}
"""


def test_native_and_reference_core_give_the_same_bits(kernel):
    program = kernel(VECTORS)
    native, reference = Chip(core="native"), Chip(core="reference")
    a, b = native.run(program), reference.run(program)
    assert native.ppu[0].sram.any()
    np.testing.assert_array_equal(native.ppu[0].sram, reference.ppu[0].sram)
    np.testing.assert_array_equal(a.vector_registers, b.vector_registers)
    np.testing.assert_array_equal(native.ppu[0].accumulator, reference.ppu[0].accumulator)
    np.testing.assert_array_equal(native.ppu[0].condition, reference.ppu[0].condition)
    np.testing.assert_array_equal(native.synram[0].weights, reference.synram[0].weights)
    np.testing.assert_array_equal(native.synram[0].labels, reference.synram[0].labels)
    assert (a.registers, a.cycles) == (b.registers, b.cycles)
    assert len(np.unique(a.symbols["results"])) > 100


IN_A_ROW = """
nux_vector_memory first, second, third, behind;
volatile uint32_t begin;
int start(void) {
    nux_sleep_cycles(1000);
    nux_sync();
    begin = nux_time_base_low();
    nux_vector a = nux_get_causal_half(5, NUX_ODD);
    nux_vector b = nux_get_causal_half(5, NUX_ODD);
    nux_vector c = nux_get_causal_half(5, NUX_ODD);
    nux_reset_correlation(5, NUX_RESET_BOTH);
    nux_vector d = nux_get_causal_half(5, NUX_ODD);
    nux_store(a, &first);
    nux_store(b, &second);
    nux_store(c, &third);
    nux_store(d, &behind);
    return 0;
}
"""


def test_conversions_in_a_row_are_each_taken_at_their_own_time(kernel):
    """Also the reset behind them: it meets what came while they were under way."""
    chip = Chip(correlation=nuxkit.CorrelationConfig.ideal())
    post_s = 4e-6 + 1e-7 * np.arange(150)
    chip.add_spikes(
        pre=(post_s - 5e-8, np.full(150, 5), np.zeros(150, int)),
        post=(post_s, np.full(150, 7)),
    )
    chip.run(kernel(IN_A_ROW))
    begin_s = chip.read("begin") * 4e-9
    found = [int(chip.read(name)[3]) for name in ("first", "second", "third", "behind")]
    since_s = begin_s + np.array([0, 1, 2]) * 390 * 4e-9
    pairs = np.searchsorted(post_s, since_s)
    wanted = 180 - 0.5 * np.exp(-5e-8 / 5e-6) * pairs
    assert pairs[2] - pairs[0] > 25
    np.testing.assert_allclose(found[:3], wanted, atol=1.5)
    assert found[3] >= 179  # a pair or two between the reset and the conversion behind it


def test_the_core_can_change_between_runs(kernel):
    chip, program = Chip(), kernel(VECTORS)
    codes = [chip.run(program, core=core).return_code for core in ("native", "reference")]
    assert codes[0] == codes[1]
    assert chip.ppu[0].core == "reference"


CORRELATION = """
nux_vector_memory causal[4], acausal[4];
int start(void) {
    for (uint32_t i = 0; i < 4; i++) {
        fxvstax(fxvinx(NUX_VECTOR_CAUSAL, i), &causal[i], 0);
        fxvstax(fxvinx(NUX_VECTOR_ACAUSAL | NUX_VECTOR_BUFFERED, i), &acausal[i], 0);
    }
    nux_sync();
    return 0; }
"""


def _readings(program, seed):
    chip = Chip(seed=seed)
    times = np.arange(1, 200) * 10e-6
    rows, labels = np.arange(199) % 2, np.zeros(199, int)
    chip.add_spikes(pre=(times, rows, labels), post=(times + 2e-6, np.arange(199) % 256))
    chip.advance(1e-3)
    first = chip.run(program)
    chip.advance(2e-3)
    second = chip.run()
    return [
        np.concatenate([r.symbols["causal"], r.symbols["acausal"]]).tobytes()
        + bytes([r.cycles & 255])
        for r in (first, second)
    ]


def test_same_seed_same_bits_and_another_seed_others(kernel):
    program = kernel(CORRELATION)
    assert _readings(program, 5) == _readings(program, 5)
    assert _readings(program, 5) != _readings(program, 6)


def test_code_and_data_in_external_memory_are_those_of_the_host(kernel):
    program = kernel(
        "NUX_EXTERNAL_DATA volatile int table[3] = {5, 6, 7};\n"
        "NUX_DRAM_DATA volatile int far[2] = {1, 2};\n"
        "NUX_EXTERNAL_CODE int sum(int x) { return x + table[0] + table[1] + table[2] + far[1]; }\n"
        "int start(void) { table[1]++; return sum(100); }"
    )
    chip = Chip()
    result = chip.run(program)
    assert result.return_code == 121
    assert result.symbols["table"].tolist() == [5, 7, 7]
    assert chip.run(symbols={"table": [1, 1, 1], "far": [0, 50]}).return_code == 154
    assert chip.read("table").tolist() == [1, 2, 1]
    assert chip.read("far[1]") == 50
    with pytest.raises(KeyError, match=r"chip\.read"):
        result.symbols["far"]


def test_a_run_that_hit_its_limit_can_start_again(kernel):
    chip = Chip()
    program = kernel(
        "volatile uint32_t n, limit = -1; int start(void) { while (n < limit) n++; return 9; }"
    )
    with pytest.raises(RunLimitError):
        chip.run(program, max_cycles=10_000)
    reached = chip.read("n")
    assert reached > 500
    assert chip.run(symbols={"limit": reached + 10}).return_code == 9
    assert chip.read("n") == reached + 10


def test_ctrl_c_ends_a_run_and_the_chip_runs_the_next_program(kernel, good):
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals come to the main thread only")
    chip = Chip()
    endless = kernel("volatile int stay = 1; int start(void) { while (stay) { } return 1; }")
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    begin = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        chip.run(endless, max_cycles=2**62, max_wall_s=60)
    assert time.perf_counter() - begin < 5
    assert chip.time_s > 0
    chip.advance(1e-3)
    assert chip.run(good).return_code == 42


def test_runs_work_in_other_threads(good):
    codes = []
    thread = threading.Thread(target=lambda: codes.append(Chip().run(good).return_code))
    thread.start()
    thread.join()
    assert codes == [42]


def test_build_is_a_function_although_a_package_has_the_name():
    assert callable(nuxkit.build)
