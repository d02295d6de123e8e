# SPDX-License-Identifier: BSD-3-Clause
"""The cycle estimate against published and simulated figures, class by class.

docs/accuracy.md says which figure is whose; compiled programs are in tests/conformance.
"""

import pytest
from ppu_machine import Machine

from nuxemu import StopReason
from nuxemu import memory_map as mm


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
ON_THE_CHIP = {
    "weight load": ("fxvinx 1,0,3", 20, 2),
    "weight store": ("fxvoutx 1,0,3", 20, 2),
    "store to SRAM": ("fxvstax 1,0,9", 47, 5),
    "load from SRAM": ("fxvlax 1,0,9", 49, 5),
    "correlation row": (
        "fxvinx 1,4,3; fxvinx 2,5,8; fxvinx 3,6,3; fxvinx 4,6,8", 410, 41,
    ),
    "store to external memory": ("fxvoutx 1,7,3", 38, 4),
    "load from external memory": ("fxvinx 1,7,3", 344, 35),
}  # fmt: skip


@pytest.mark.parametrize(("operation", "figure", "tolerance"), ON_THE_CHIP.values(),
                         ids=ON_THE_CHIP)  # fmt: skip
def test_accesses_cost_what_was_measured_on_the_chip(operation, figure, tolerance):
    assert abs(cycles(operation, PREPARE) - figure) <= tolerance


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


# --- The simulated RTL with ideal memories ---------------------------------------------------

#: Cycles that one more repetition adds.
SCALAR = {
    "add 3,3,4": 1, "addi 3,4,1": 1, "rlwinm 3,4,5,6,7": 1, "cmpw 3,4": 1, "mfspr 5,284": 1,
    "mullw 3,3,4": 4, "mulhwu 3,3,4": 4, "mulli 3,3,7": 4, "divw 3,3,4": 32, "divwu 3,3,4": 32,
    "lwz 5,0(9)": 5, "lwz 5,0(9); add 6,5,5": 6, "stw 5,0(9)": 1, "stb 5,0(9)": 1,
    "lwz 5,0(9); lwz 6,4(9); lwz 7,8(9); lwz 8,12(9); lwz 10,16(9)": 5,
    "lwzu 5,0(9)": 5, "stwu 5,0(9)": 2, "cmpw 3,4; beq .+4": 3, "sync": 2, "crand 1,2,3": 2,
}  # fmt: skip


def slope(operation: str, bus_latency: int = 0) -> float:
    """Cycles of one repetition, between 24 and 56 of them."""
    few, many = (
        cycles("; ".join([operation] * n), "li 9,0x800; li 4,7",
               test_bench_memory=mm.SRAM_SIZE, bus_latency=bus_latency)
        for n in (24, 56)
    )  # fmt: skip
    return (many - few) / 32


@pytest.mark.parametrize(("operation", "figure"), SCALAR.items())
def test_scalar_instructions_cost_what_the_rtl_takes(operation, figure):
    assert slope(operation) == figure


#: Instruction: cycles in the RTL, to different registers where it writes one.
VECTOR = {
    "fxvaddhm 1,2,3": 5, "fxvmahfs 1,2,3": 5, "fxvmulbfs 1,2,3": 5, "fxvmatachm 2,3": 4,
    "fxvmtach 2": 3, "fxvcmph 2": 8, "fxvsplath 1,4": 6.2, "fxvshh 1,2,3": 7.4,
    "fxvsel 1,2,3": 8.6, "fxvlax 1,0,9": 10, "fxvstax 1,0,9": 10,
}  # fmt: skip


@pytest.mark.parametrize(("operation", "figure"), VECTOR.items())
def test_vector_instructions_cost_what_the_rtl_takes_to_within_a_cycle(operation, figure):
    assert abs(slope(operation) - figure) <= 1


@pytest.mark.parametrize("latency", [0, 1, 3])
def test_vector_loads_and_stores_take_four_beats_of_latency(latency):
    assert slope("fxvlax 1,0,9", latency) == 10 + 4 * latency
    assert slope("fxvstax 1,0,9", latency) == 10 + 4 * latency


@pytest.mark.parametrize("length", [1, 5, 20])
def test_a_predicted_loop_costs_its_instructions(length):
    """After the first turn, a loop of n additions and bdnz takes n + 1 cycles a turn."""

    def of(turns: int) -> int:
        body = "; ".join(f"addi {3 + i % 4},4,1" for i in range(length))
        return cycles(f"1: {body}; bdnz 1b", f"li 9,{turns}; mtctr 9")

    assert of(200) - of(100) == 100 * (length + 1)


@pytest.mark.parametrize(
    ("jump", "straight"),
    [
        ("b over; nop; over: nop", "nop; nop"),
        ("crset 2; beq over; nop; over: nop", "crset 2; bne over; over: nop"),
    ],
)
def test_a_first_taken_branch_refills_the_pipeline(jump, straight):
    assert cycles(jump) == cycles(straight) + 4
