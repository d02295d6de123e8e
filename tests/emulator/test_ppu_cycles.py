# SPDX-License-Identifier: BSD-3-Clause
"""The cycle estimate against published and simulated figures, class by class.

docs/cycles.md says which figure is whose; whole programs are in tests/conformance, and the
chip's figures once more, measured by C programs, in tests/runtime/test_speed.py.
"""

import random
from fractions import Fraction

import pytest
from ppu_machine import Machine

from nuxemu import StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib


def load_address(register: int, address: int) -> str:
    return f"lis {register},{address >> 16}; ori {register},{register},{address & 0xFFFF}; "


def cycles(operation: str, prepare: str = "nop", **options) -> int:
    """Cycles from one read of the time base to the next, with a closing sync between."""
    machine = Machine(
        f"{prepare}; sync; mfspr 20,284; {operation}; sync; mfspr 21,284; wait", **options
    )
    assert machine.run().reason is StopReason.FINISHED
    return machine.gpr(21) - machine.gpr(20)


# --- The chip, as the vendor's on-hardware speed test has it ---------------------------------

PREPARE = (
    "li 3,0; li 8,1; li 9,0x800; "
    + load_address(4, mm.VECTOR_CAUSAL)
    + load_address(5, mm.VECTOR_CAUSAL | mm.VECTOR_BUFFERED)
    + load_address(6, mm.VECTOR_ACAUSAL | mm.VECTOR_BUFFERED)
    + load_address(7, mm.VECTOR_EXTMEM)
)
STORES = "".join(f"fxvoutx {n},7,3; " for n in range(16))
ON_THE_CHIP = {
    "weight load": ("fxvinx 1,0,3", 20, 2),
    "weight store": ("fxvoutx 1,0,3", 20, 2),
    "store to SRAM": ("fxvstax 1,0,9", 47, 5),
    "load from SRAM": ("fxvlax 1,0,9", 49, 5),
    "correlation row, one channel": ("fxvinx 1,4,3; fxvinx 2,5,8", 410, 41),
    "correlation row, both channels": (
        "fxvinx 1,4,3; fxvinx 2,5,8; fxvinx 3,6,3; fxvinx 4,6,8", 410, 41,
    ),
    "store to external memory": ("fxvoutx 1,7,3", 38, 4),
    "load from external memory": ("fxvinx 1,7,3", 344, 35),
    "2 stores to external memory": ("; ".join(STORES.split("; ")[:2]), 209, 18),
    "4 stores to external memory": ("; ".join(STORES.split("; ")[:4]), 306, 31),
    "8 stores to external memory": ("; ".join(STORES.split("; ")[:8]), 684, 69),
    "16 stores to external memory": (STORES + "nop", 1406, 141),
}  # fmt: skip


@pytest.mark.parametrize(("operation", "figure", "tolerance"), ON_THE_CHIP.values(),
                         ids=ON_THE_CHIP)  # fmt: skip
@pytest.mark.parametrize("before", range(6))
def test_accesses_cost_what_was_measured_on_the_chip(operation, figure, tolerance, before):
    """As in the vendor's test the difference of two readings, less one; after other accesses."""
    prepare = PREPARE + "; fxvsplatb 1,8" * before
    assert abs(cycles(operation, prepare) - 1 - figure) <= tolerance


@pytest.mark.parametrize(
    ("address", "extra"),
    [
        (mm.EXTMEM_DATA_BASE, 43),
        (mm.DRAM_DATA_BASE, 43),
        (mm.OMNIBUS_DATA_BASE | 4 * mm.OMNIBUS_SRAM_WORD, 18),
        (mm.OMNIBUS_DATA_BASE | 4 * mm.OMNIBUS_SYNRAM_WORD, 18),
    ],
)
@pytest.mark.parametrize("access", ["lwz 11,0(3)", "stw 11,0(3)"])
def test_other_accesses_have_a_chosen_cost(address, extra, access):
    here = cycles(access, "li 3,0x800")
    assert cycles(access, load_address(3, address) + "nop") == here + extra


CONVERSION = mm.OMNIBUS_DATA_BASE | 4 * (mm.OMNIBUS_SYNRAM_WORD + mm.VECTOR_CAUSAL)
LATCHED = CONVERSION + 4 * mm.VECTOR_BUFFERED


@pytest.mark.parametrize("access", ["lwz 11,0(3)", "lbz 11,3(3)", "lwzu 11,0(3)"])
def test_a_conversion_over_the_bus_takes_as_long_as_one_of_the_vector_unit(access):
    """On top of what any word of the bus takes; the latched values are there at once."""

    def of(address):
        return cycles(access, load_address(3, address) + "nop")

    vector = cycles("fxvinx 1,4,3", PREPARE) - cycles("fxvinx 1,5,3", PREPARE)
    assert vector > 370
    latched = of(LATCHED)
    assert latched == of(mm.OMNIBUS_DATA_BASE | 4 * mm.OMNIBUS_SYNRAM_WORD)
    assert abs(of(CONVERSION) - latched - vector) <= 10


def test_a_vector_load_over_the_bus_converts_with_each_word():
    def of(address):
        return cycles("fxvlax 1,0,3", load_address(3, address) + "nop")

    array = SynapseArray()
    machine = Machine(f"{load_address(3, CONVERSION)} fxvlax 1,0,3; wait", array=array)
    assert machine.run().reason is StopReason.FINISHED
    assert array._native.conversions == 32
    assert of(CONVERSION) - of(LATCHED) == 32 * 387


# --- The simulated RTL with ideal memories, one slice ----------------------------------------

BENCH = {"test_bench_memory": mm.SRAM_SIZE, "slices": 1}
REGISTERS = "li 9,0x800; li 4,7; li 3,3; li 2,0; li 6,0; li 7,0"


def on_bench(operation: str, bus_latency: int = 0) -> int:
    """The same as `cycles`, with a parallel bus that takes anything."""

    @ffi.callback("nux_parallel_bus")
    def bus(_user, _write, _address, _data, _enable):
        return 0

    machine = Machine(
        f"{REGISTERS}; sync; mfspr 20,284; {operation}; sync; mfspr 21,284; wait",
        bus_latency=bus_latency, **BENCH,
    )  # fmt: skip
    lib.nux_processor_set_parallel_bus(machine.cpu._native, bus, ffi.NULL)
    assert machine.run().reason is StopReason.FINISHED
    return machine.gpr(21) - machine.gpr(20)


def slope(operation: str, bus_latency: int = 0, turns: tuple[int, int] = (24, 56)) -> Fraction:
    """Cycles of one repetition, between a few and more of them; # becomes one of 8 registers."""
    few, many = (
        on_bench("; ".join(operation.replace("#", str(8 + i % 8)) for i in range(n)), bus_latency)
        for n in turns
    )  # fmt: skip
    return Fraction(many - few, turns[1] - turns[0])


SCALAR = {
    "add 3,3,4": 1, "addi 3,4,1": 1, "rlwinm 3,4,5,6,7": 1, "cmpw 3,4": 1, "mfspr 5,284": 1,
    "mtspr 26,4": 1, "mfcr 5": 1,
    "mullw 3,3,4": 4, "mulhwu 3,3,4": 4, "mulli 3,3,7": 4, "divw 3,3,4": 32, "divwu 3,3,4": 32,
    "lwz 5,0(9)": 5, "lwz 5,0(9); add 6,5,5": 6, "lwz 5,0(6); lwzx 6,5,7": 10, "stw 5,0(9)": 1,
    "stb 5,0(9)": 1,
    "lwz 5,0(9); lwz 6,4(9); lwz 7,8(9); lwz 8,12(9); lwz 10,16(9)": 5,
    "lwzu 5,0(9)": 5, "lwzu 5,0(9); lwzu 6,0(9)": 6, "stwu 5,0(9)": 2,
    "cmpw 3,4; beq .+4": 3, "sync": 2, "mtmsr 2": 4, "crand 1,2,3": 2,
}  # fmt: skip


@pytest.mark.parametrize(("operation", "figure"), SCALAR.items())
def test_scalar_instructions_cost_what_the_rtl_takes(operation, figure):
    assert slope(operation) == figure


@pytest.mark.parametrize("latency", [0, 1, 3])
def test_scalar_accesses_go_over_the_bus_one_after_the_other(latency):
    loads = "; ".join(f"lwz {register},0(9)" for register in range(10, 20))
    assert slope(loads, latency) == 10 * (1 + latency)
    assert slope("stw 5,0(9)", latency) == 1 + latency
    # a few stores do not hold the processor up
    assert slope("stw 5,0(9); nop; nop; nop; nop; nop; nop; nop", latency) == 8


def test_every_instruction_waits_for_a_write_to_xer():
    """Two more cycles than a plain one, from the RTL's sources."""
    for writer in ("srawi 5,4,1", "addic 5,4,1", "subfic 5,4,1", "addze 5,4", "addo 5,4,4"):
        assert slope(writer) == 3
        assert slope(f"{writer}; nop; addi 6,4,1") == 5


def test_dense_code_keeps_a_load_from_its_register():
    """There is one write port, and a load waits for a free cycle of it."""
    assert slope("lwz 5,0(9); add 6,5,5") == 6
    assert slope("lwz 5,0(9); li 6,1; li 7,1; li 8,1; li 10,1; add 11,5,5") == 8


#: Operation, cycles of one more, cycles of a single one beyond an empty block.
VECTOR = [
    ("fxvaddhm 1,2,3", 12, 13), ("fxvmahfs 1,2,3", 12, 13), ("fxvmulbfs 1,2,3", 12, 13),
    ("fxvaddhm #,2,3", 5, 13), ("fxvaddhm 1,1,3", 12, 13),
    ("fxvaddachm 1,2", 11, 12), ("fxvmatachm 2,3", 4, 13), ("fxvmtach 2", 3, 12),
    ("fxvaddactachm 2", 3, 12), ("fxvcmph 2", 8, 11), ("fxvcmph 2; fxvaddhm #,2,3,1", 12, 22),
    ("fxvsplath 1,4", 6.2, 7), ("fxvshh 1,2,3", 7.4, 8), ("fxvsel 1,2,3", 8.6, 9),
    ("fxvlax 1,0,9", 12, 12), ("fxvlax #,0,9", 10.06, 12), ("fxvstax 1,0,9", 10.03, 12),
    ("fxvlax 1,0,9; fxvaddhm 2,1,3", 16, 23),
    ("fxvinx 1,0,9", 7.5, 8), ("fxvinx #,0,9", 2.5, 8), ("fxvoutx 1,0,9", 3.5, 9),
    ("fxvinx 1,0,9; fxvoutx 1,0,9", 11, 15),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "repeated", "single"), VECTOR,
                         ids=[operation for operation, *_ in VECTOR])  # fmt: skip
def test_vector_instructions_cost_what_the_rtl_takes_to_within_a_cycle(operation, repeated, single):
    """Within half a cycle in a row, and within the turn of the port's mask (4) alone."""
    assert abs(slope(operation, turns=(30, 150)) - repeated) <= 0.5
    alone = on_bench(operation.replace("#", "8")) - on_bench("")
    assert -4 <= alone - single <= 4


@pytest.mark.parametrize("latency", [0, 1, 3])
def test_bus_latency_of_vector_accesses(latency):
    def of(operation):
        return slope(operation, latency, turns=(30, 150))

    assert abs(of("fxvlax #,0,9") - (10 + 4 * latency)) <= 0.5
    assert abs(of("fxvstax #,0,9") - (10 + 4 * latency)) <= 0.5
    assert abs(of("fxvinx #,0,9") - (2.5 + latency)) <= 0.5
    assert abs(of("fxvoutx #,0,9") - max(3.5, 2 + latency)) <= 0.5


def test_vector_work_runs_beside_the_scalar_part():
    """Up to the next sync, and as long as the queue has room."""
    vectors, scalars = "fxvlax 1,0,9; fxvstax 1,0,9", "nop; " * 20
    both = on_bench(f"{vectors}; {scalars} nop")
    assert both < on_bench(vectors) + 10
    assert on_bench("fxvlax 1,0,9; mfspr 22,284; " * 8) > 8 * 9


# --- Branches --------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 5, 20])
def test_a_predicted_loop_costs_its_instructions(length):
    """After the first turn, a loop of n additions and bdnz takes n + 1 cycles a turn."""

    def of(turns: int) -> int:
        body = "; ".join(f"addi {3 + i % 4},4,1" for i in range(length))
        return cycles(f"1: {body}; bdnz 1b", f"li 9,{turns}; mtctr 9")

    assert of(200) - of(100) == 100 * max(length + 1, 2)


def test_a_branch_to_itself_is_never_predicted():
    def of(turns: int) -> int:
        return cycles("1: bdnz 1b", f"li 9,{turns}; mtctr 9")

    assert of(200) - of(100) == 500


def test_call_and_return_in_a_loop():
    def of(turns: int) -> int:
        return cycles("1: bl 2f; bdnz 1b; b 3f; 2: blr; 3: nop", f"li 9,{turns}; mtctr 9")

    assert of(200) - of(100) == 1500


@pytest.mark.parametrize(
    ("jump", "straight"),
    [
        ("b over; nop; over: nop", "nop; nop"),
        ("crset 2; beq over; nop; over: nop", "crset 2; bne over; over: nop"),
    ],
)
def test_a_first_taken_branch_refills_the_pipeline(jump, straight):
    assert cycles(jump) == cycles(straight) + 4


def loop_of_branches(number: int, turns: int) -> int:
    """A loop of so many taken branches, and the one of the loop; two instructions each."""
    body = "; ".join(f"nop; b .+8; nop; l{i}: nop" for i in range(number))
    return cycles(f"1: {body}; bdnz 1b", f"li 9,{turns}; mtctr 9")


@pytest.mark.parametrize(("number", "misses"), [(10, False), (14, False), (24, True), (40, True)])
def test_the_predictor_holds_sixteen_branches(number, misses):
    cost = Fraction(loop_of_branches(number, 300) - loop_of_branches(number, 200), 100)
    predicted = 3 * number + 1
    assert (cost > predicted + number) if misses else (cost == predicted)


def test_a_branch_that_is_mostly_taken_misses_twice_when_it_is_not():
    """Once because it was predicted, and once because its target is forgotten."""

    def of(pattern: int) -> int:
        return cycles(
            "1: andi. 6,5,1; rlwinm 5,5,31,1,31; nop; bne over; nop; over: nop; bdnz 1b",
            f"li 9,14; mtctr 9; li 5,{pattern}",
        )

    assert of(0b11111110111111) - of(0b11111111111111) == 2 * 4 + 1


# --- What the count depends on ---------------------------------------------------------------

MIXED = """
 li 9,0x800; li 10,40; mtctr 10; li 7,0
loop: lwz 3,0(9); lwz 4,4(9); add 5,3,4; cmpwi 5,100; bgt big; addi 3,3,3; b done
big: srawi 5,5,1; mullw 3,5,4; bl work
done: stw 3,0(9); stwu 4,8(9); fxvlax 1,0,9; fxvaddhm 2,1,1; andi. 6,3,1; beq even
 fxvcmph 2; fxvaddhm 1,1,2,1; divw 4,3,10
even: fxvstax 1,0,9; addi 7,7,1; bdnz loop
 sync; b end
work: stwu 1,-32(1); stmw 24,0(1); lmw 24,0(1); addi 1,1,32; blr
end: mfspr 20,284; wait
"""


def mixed(**options) -> Machine:
    machine = Machine(MIXED, **options)
    machine.set_gpr({1: 0x3000})
    machine.put(0x800, *[random.Random(7).randrange(200) for _ in range(256)])
    return machine


def test_forgetting_what_was_worked_out_about_the_code_changes_no_count():
    for seed in range(4):
        whole, pieces = mixed(), mixed()
        assert whole.run().reason is StopReason.FINISHED
        rng = random.Random(seed)
        limit = 0
        while True:
            limit += rng.randrange(1, 60)
            if pieces.run(max_cycles=limit).reason is StopReason.FINISHED:
                break
            lib.nux_processor_forget_plans(pieces.cpu._native)
        assert pieces.cpu.cycles == whole.cpu.cycles
        assert pieces.cpu.registers() == whole.cpu.registers()


def saved(machine: Machine) -> bytes:
    size = lib.nux_processor_save(machine.cpu._native, ffi.NULL, 0)
    out = ffi.new("uint8_t[]", size)
    assert lib.nux_processor_save(machine.cpu._native, out, size) == size
    return bytes(out)


def test_a_restored_processor_takes_the_same_cycles():
    whole = mixed()
    assert whole.run().reason is StopReason.FINISHED
    for limit in range(50, whole.cpu.cycles - 50, 333):
        before, after = mixed(), mixed()
        assert before.run(max_cycles=limit).reason is StopReason.CYCLE_LIMIT
        state = saved(before)
        assert lib.nux_processor_load(after.cpu._native, state, len(state)) == 0
        assert saved(after) == state
        assert after.run().reason is StopReason.FINISHED
        assert after.cpu.cycles == whole.cpu.cycles
        assert saved(after) == saved(whole)


def test_a_restored_processor_stops_behind_the_same_instruction():
    """Though it does not know which loads once left the SRAM, and have divided blocks since."""
    adds = "addi 3,3,1; add 4,3,4; "
    loop = f"{adds * 4} lwz 5,0(9); li 9,0x800; {adds * 9}"
    source = f"lis 9,0x4000; li 10,50; mtctr 10; loop: {loop} bdnz loop"
    for start in range(200, 320, 7):
        for cycles_more in range(1, 130, 6):
            machine, restored = Machine(source + "; wait"), Machine(source + "; wait")
            machine.run(max_cycles=start)
            state = saved(machine)
            assert lib.nux_processor_load(restored.cpu._native, state, len(state)) == 0
            for each in (machine, restored):
                each.run(max_cycles=start + cycles_more)
            assert saved(restored) == saved(machine)


def test_a_restored_processor_that_sleeps_on_has_the_same_state():
    sleeper = f"lis 3,0x0400; mtspr 340,3; li 3,5000; mtspr 22,3; {'nop; ' * 5} wait; wait"
    machine, restored = Machine(sleeper), Machine(sleeper)
    machine.run(max_cycles=500)
    state = saved(machine)
    assert lib.nux_processor_load(restored.cpu._native, state, len(state)) == 0
    machine.run(max_cycles=1000)
    restored.run(max_cycles=1000)
    assert saved(restored) == saved(machine)


def test_a_load_that_updates_its_own_register_is_saved_and_waited_for():
    """lwzu 5,0(5), which the assembler does not write, though the chip has it."""
    loads = "li 5,64; " + ".long 0x84a50000; " * 9 + "addi 6,5,1; wait"
    whole = Machine(loads)
    whole.run()
    for limit in range(5, whole.cpu.cycles, 7):
        before, after = Machine(loads), Machine(loads)
        before.run(max_cycles=limit)
        state = saved(before)
        assert lib.nux_processor_load(after.cpu._native, state, len(state)) == 0
        after.run()
        assert after.cpu.cycles == whole.cpu.cycles


def test_a_damaged_timing_state_is_refused():
    """Never accepted with values that the model cannot have; no crash either."""
    machine = mixed()
    machine.run(max_cycles=700)
    good = saved(machine)
    other = mixed()
    rng = random.Random(1)
    refused = 0
    for _ in range(400):
        damaged = bytearray(good)
        damaged[rng.randrange(min(len(good), 2600))] ^= 1 << rng.randrange(8)
        if lib.nux_processor_load(other.cpu._native, bytes(damaged), len(damaged)):
            refused += 1
        else:
            other.run(max_cycles=other.cpu.cycles + 2000)
    assert refused > 50


def test_the_executor_makes_no_difference():
    engine, native = mixed(), mixed()
    lib.nux_processor_set_engine_branches_only(native.cpu._native, 1)
    assert engine.run().reason is native.run().reason is StopReason.FINISHED
    assert engine.cpu.cycles == native.cpu.cycles
    assert engine.gpr(20) == native.gpr(20)
