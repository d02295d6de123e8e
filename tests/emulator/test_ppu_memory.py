# SPDX-License-Identifier: BSD-3-Clause
"""What scalar and vector loads and stores of the processor reach, and in which byte order."""

import gc

import numpy as np
import pytest
from ppu_machine import Machine

from nuxemu import Bus, CorrelationConfig, Processor, StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import ffi

LANES = np.random.default_rng(3).integers(0, 256, 128).astype(np.uint8)
OWN_SRAM = mm.OMNIBUS_DATA_BASE | 4 * mm.OMNIBUS_SRAM_WORD
OWN_SYNRAM = mm.OMNIBUS_DATA_BASE | 4 * mm.OMNIBUS_SYNRAM_WORD
STRIDE = 4 * mm.OMNIBUS_HEMISPHERE_WORD_STRIDE


def load_address(register: int, address: int) -> str:
    return f"lis {register},{address >> 16}; ori {register},{register},{address & 0xFFFF}; "


def finished(machine: Machine) -> Machine:
    stop = machine.run()
    assert stop.reason is StopReason.FINISHED, stop
    return machine


def reversed_words(lanes: np.ndarray) -> bytes:
    return lanes.reshape(32, 4)[::-1].tobytes()


# --- Vector loads and stores ---------------------------------------------------------------------

VECTOR_ADDRESSES = [
    0x800, 0x804, 0x80C, mm.SRAM_SIZE - 128, mm.EXTMEM_DATA_BASE, mm.EXTMEM_DATA_BASE + 0x104,
    mm.EXTMEM_DATA_BASE + mm.EXTMEM_SIZE - 128, mm.DRAM_DATA_BASE + 0x0123_4560,
    mm.DRAM_DATA_BASE + mm.DRAM_SIZE - 128,
]  # fmt: skip


@pytest.mark.parametrize("address", VECTOR_ADDRESSES, ids=hex)
@pytest.mark.parametrize("low_bits", range(4))
def test_vector_stores_and_loads_keep_byte_order_and_ignore_the_low_address_bits(address, low_bits):
    machine = Machine(
        load_address(3, address) + f"li 4,{low_bits}; fxvstax 5,3,4; sync; fxvlax 6,3,4; wait"
    )
    machine.cpu.vector_registers[5] = LANES
    before = machine.cpu.read(address - 16, 16) if address & 0xFFFF else b""
    finished(machine)
    assert machine.cpu.read(address, 128) == LANES.tobytes()
    assert machine.cpu.vector_registers[6].tobytes() == LANES.tobytes()
    if before:
        assert machine.cpu.read(address - 16, 16) == before


def test_vector_address_is_a_sum_modulo_2_32_and_ra_0_means_zero():
    machine = Machine(
        "li 3,-0x100; li 4,0x900; li 0,0x40; fxvstax 5,3,4; fxvstax 6,0,4; sync; wait"
    )
    machine.cpu.vector_registers[5] = LANES
    machine.cpu.vector_registers[6] = LANES[::-1]
    finished(machine)
    assert machine.cpu.read(0x800, 128) == LANES.tobytes()
    assert machine.cpu.read(0x900, 128) == LANES[::-1].tobytes()


def test_vector_loads_and_stores_reach_the_on_chip_bus():
    machine = Machine(
        load_address(3, OWN_SRAM + 0x1000) + "li 4,0; fxvstax 5,3,4; sync; fxvlax 6,3,4; wait"
    )
    machine.cpu.vector_registers[5] = LANES
    finished(machine)
    assert machine.cpu.read(0x1000, 128) == LANES.tobytes()
    assert machine.cpu.vector_registers[6].tobytes() == LANES.tobytes()


@pytest.mark.parametrize("slices", [1, 3, 8])
def test_vector_loads_and_stores_move_as_many_slices_as_there_are(slices):
    machine = Machine("li 3,0x800; fxvlax 5,0,3; li 3,0xa00; fxvstax 5,0,3; wait", slices=slices)
    machine.cpu.write(0x800, LANES.tobytes())
    finished(machine)
    n = 16 * slices
    assert machine.cpu.read(0xA00, 128) == LANES[:n].tobytes() + bytes(128 - n)


def test_the_condition_of_vector_loads_and_stores_is_ignored():
    machine = Machine("fxvcmpb 7; li 3,0x800; fxvstax 5,0,3,2; sync; fxvlax 6,0,3,1; wait")
    machine.cpu.vector_registers[5] = LANES
    finished(machine)
    assert machine.cpu.read(0x800, 128) == LANES.tobytes()
    assert machine.cpu.vector_registers[6].tobytes() == LANES.tobytes()


# --- Vector input and output -----------------------------------------------------------------


@pytest.fixture
def array():
    return SynapseArray(config=CorrelationConfig.ideal())


@pytest.mark.parametrize(("region", "name"), [(mm.VECTOR_WEIGHT, "weights"),
                                              (mm.VECTOR_LABEL, "labels")])  # fmt: skip
@pytest.mark.parametrize("half", [0, 1])
def test_vector_output_and_input_reach_one_half_row_of_the_array(array, region, name, half):
    row = 77
    machine = Machine(
        load_address(3, region) + f"li 4,{2 * row + half}; fxvoutx 5,3,4; fxvinx 6,3,4; wait",
        array=array,
    )
    machine.cpu.vector_registers[5] = LANES
    expected = getattr(array, name).copy()
    expected[row, half::2] = LANES & 63
    finished(machine)
    np.testing.assert_array_equal(getattr(array, name), expected)
    np.testing.assert_array_equal(machine.cpu.vector_registers[6], LANES & 63)


@pytest.mark.parametrize(("condition", "enabled"), [(1, LANES.view(np.int8) > 0),
                                                    (2, LANES.view(np.int8) < 0),
                                                    (3, LANES == 0)])  # fmt: skip
def test_a_conditional_output_writes_the_enabled_bytes_only(array, condition, enabled):
    machine = Machine(
        load_address(3, mm.VECTOR_EXTMEM + 16)
        + f"fxvcmpb 7; li 4,9; fxvoutx 5,0,4,{condition}; li 4,0; fxvoutx 5,3,4,{condition}; wait",
        array=array,
    )
    array.weights = np.full((256, 256), 9)
    old = np.arange(128, dtype=np.uint8)
    machine.cpu.write(mm.EXTMEM_DATA_BASE + 256, reversed_words(old))
    machine.cpu.vector_registers[5] = 50
    machine.cpu.vector_registers[7] = LANES
    finished(machine)
    expected = np.full((256, 256), 9)
    expected[4, 1::2] = np.where(enabled, 50, 9)
    np.testing.assert_array_equal(array.weights, expected)
    stored = machine.cpu.read(mm.EXTMEM_DATA_BASE + 256, 128)
    assert stored == reversed_words(np.where(enabled, np.uint8(50), old))


@pytest.mark.parametrize(
    ("vector_address", "data_address"),
    [
        (mm.VECTOR_EXTMEM, mm.EXTMEM_DATA_BASE),
        (mm.VECTOR_EXTMEM + 5, mm.EXTMEM_DATA_BASE + 80),
        (mm.VECTOR_EXTMEM + mm.EXTMEM_SIZE // 16 - 8, mm.EXTMEM_DATA_BASE + mm.EXTMEM_SIZE - 128),
        (mm.VECTOR_DRAM + 0x12345, mm.DRAM_DATA_BASE + 0x123450),
        (mm.VECTOR_DRAM + mm.DRAM_SIZE // 16 - 8, mm.DRAM_DATA_BASE + mm.DRAM_SIZE - 128),
    ],
)
def test_vector_output_reverses_the_words_in_external_memory(vector_address, data_address):
    machine = Machine(load_address(3, vector_address) + "fxvoutx 5,0,3; fxvinx 6,0,3; wait")
    machine.cpu.vector_registers[5] = LANES
    finished(machine)
    assert machine.cpu.read(data_address, 128) == reversed_words(LANES)
    assert machine.cpu.vector_registers[6].tobytes() == LANES.tobytes()


@pytest.mark.parametrize("instruction", ["fxvinx", "fxvoutx"])
@pytest.mark.parametrize(
    "address",
    [
        mm.VECTOR_EXTMEM + mm.EXTMEM_SIZE // 16 - 7,
        mm.VECTOR_EXTMEM + mm.EXTMEM_SIZE // 16,
        mm.VECTOR_DRAM - 1,
        mm.VECTOR_DRAM + mm.DRAM_SIZE // 16 - 7,
        0xFFFF_FFFF,
    ],
)
def test_vector_io_outside_of_the_external_memories_stops_the_run(instruction, address):
    machine = Machine(load_address(3, address) + f"here: {instruction} 5,0,3; wait")
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.UNKNOWN_VECTOR_ADDRESS, machine.at("here"))
    assert (stop.address, stop.is_store) == (address, instruction == "fxvoutx")


def test_the_cadc_is_read_through_the_core(array):
    machine = Machine(
        load_address(3, mm.VECTOR_CAUSAL)
        + load_address(4, mm.VECTOR_ACAUSAL | mm.VECTOR_BUFFERED)
        + "li 5,6; fxvinx 1,3,5; fxvinx 2,4,5; wait",
        array=array,
    )
    finished(machine)
    causal, acausal = array.read_correlation()
    np.testing.assert_array_equal(machine.cpu.vector_registers[1], causal[3, 0::2])
    np.testing.assert_array_equal(machine.cpu.vector_registers[2], acausal[3, 0::2])
    assert machine.cpu.cycles > 300  # the conversion


# --- Scalar loads and stores -------------------------------------------------------------------

SCALAR_BASES = [0x800, mm.EXTMEM_DATA_BASE + 0x800, mm.DRAM_DATA_BASE + 0x0FFF_F000,
                OWN_SRAM + 0x2000]  # fmt: skip


@pytest.mark.parametrize("base", SCALAR_BASES, ids=hex)
def test_scalar_loads_and_stores_of_every_size_are_big_endian(base):
    machine = Machine(
        load_address(3, base)
        + load_address(4, 0x8192_A3B4)
        + """stw 4,0(3); sth 4,4(3); stb 4,6(3); sth 4,9(3)
             li 5,12; stwx 4,3,5; mr 6,3; stwu 4,16(6); sthux 4,6,5; stbu 4,2(6)
             lwz 10,0(3); lhz 11,0(3); lha 12,4(3); lhz 13,9(3); lbz 14,1(3)
             lhax 15,3,5; lbzx 16,3,5; mr 7,3; lwzu 17,16(7); lhzux 18,7,5; lbzu 19,2(7)
             lmw 29,0(3); wait"""
    )
    finished(machine)
    data = base if base < mm.OMNIBUS_DATA_BASE else base - OWN_SRAM
    stored = machine.cpu.read(data, 32).hex(" ", 4)
    assert stored == "8192a3b4 a3b4b400 00a3b400 8192a3b4 8192a3b4 00000000 00000000 a3b4b400"
    assert machine.cpu.registers()["gpr"][10:20] == [
        0x8192_A3B4, 0x8192, 0xFFFF_A3B4, 0xA3B4, 0x92, 0xFFFF_8192, 0x81, 0x8192_A3B4, 0xA3B4,
        0xB4,
    ]  # fmt: skip
    assert machine.cpu.registers()["gpr"][29:] == [0x8192_A3B4, 0xA3B4_B400, 0x00A3_B400]
    assert (machine.gpr(6), machine.gpr(7)) == (base + 30, base + 30)


def two_hemispheres() -> tuple[list[SynapseArray], list[Machine]]:
    arrays = [SynapseArray(seed, CorrelationConfig.ideal()) for seed in range(2)]
    bus = Bus()
    machines = [Machine("wait", array=arrays[h], hemisphere=h, bus=bus) for h in (0, 1)]
    return arrays, machines


def run_code(machine: Machine, source: str) -> Machine:
    code = Machine(source).code.data
    machine.cpu.write(machine.base, code)
    machine.cpu.set_registers(pc=machine.base)
    return finished(machine)


@pytest.mark.parametrize("target", [0, 1])
def test_each_processor_reaches_both_srams_over_the_bus(nux_hemisphere, target):
    _, machines = two_hemispheres()
    address = OWN_SRAM + target * STRIDE + 0x1234
    run_code(machines[nux_hemisphere], load_address(3, address)
             + "li 4,0x77; stw 4,0(3); stb 4,4(3); lwz 5,0(3); lbz 6,4(3); wait")  # fmt: skip
    assert machines[target].cpu.read(0x1234, 8).hex() == "0000007777000000"
    assert machines[1 - target].cpu.read(0x1234, 8) == bytes(8)
    assert (machines[nux_hemisphere].gpr(5), machines[nux_hemisphere].gpr(6)) == (0x77, 0x77)


@pytest.mark.parametrize("target", [0, 1])
def test_each_processor_reaches_both_arrays_over_the_bus(nux_hemisphere, target):
    """Weight bits 4..0 are reversed on the bus, labels are as they are."""
    arrays, machines = two_hemispheres()
    row = 5
    source = "lis 4,0x2001; ori 4,4,0x1003; "
    for number, region in ((3, mm.VECTOR_WEIGHT), (5, mm.VECTOR_LABEL)):
        address = OWN_SYNRAM + target * STRIDE + 4 * (region + 64 * row)
        source += load_address(number, address)
        source += f"stw 4,0({number}); lwz {number + 10},0({number}); "
    run_code(machines[nux_hemisphere], source + "wait")
    assert arrays[target].weights[row, 0:8:2].tolist() == [0x20, 0x10, 0x01, 0x18]
    assert arrays[target].labels[row, 0:8:2].tolist() == [0x20, 0x01, 0x10, 0x03]
    assert arrays[1 - target].weights[row].sum() == 0
    assert machines[nux_hemisphere].gpr(13) == machines[nux_hemisphere].gpr(15) == 0x2001_1003


def test_without_a_partner_the_other_hemisphere_is_unknown():
    machine = Machine(load_address(3, OWN_SRAM + STRIDE) + "here: lwz 4,8(3); wait")
    stop = machine.run()
    assert (stop.reason, stop.pc) == (StopReason.UNKNOWN_BUS_ADDRESS, machine.at("here"))
    assert stop.address == OWN_SRAM + STRIDE + 8


def test_both_processors_and_the_host_share_the_external_memories():
    _, (top, bottom) = two_hemispheres()
    top.cpu.write(mm.EXTMEM_DATA_BASE, b"\1\2\3\4")
    run_code(bottom, load_address(3, mm.EXTMEM_DATA_BASE) + "lwz 4,0(3); stw 4,8(3); "
             + load_address(5, mm.DRAM_DATA_BASE) + "stw 4,4(5); wait")  # fmt: skip
    assert top.cpu.read(mm.EXTMEM_DATA_BASE + 8, 4) == b"\1\2\3\4"
    assert top.cpu.read(mm.DRAM_DATA_BASE + 4, 4) == b"\1\2\3\4"


@pytest.mark.parametrize(
    ("address", "size"),
    [
        (mm.SRAM_SIZE, 1),
        (mm.SRAM_SIZE - 3, 4),
        (mm.EXTMEM_DATA_BASE - 1, 1),
        (mm.EXTMEM_DATA_BASE + mm.EXTMEM_SIZE - 1, 2),
        (mm.DRAM_DATA_BASE + mm.DRAM_SIZE, 1),
        (mm.EXTMEM_FETCH_BASE, 4),
        (0xFFFF_FFFF, 1),
    ],
)
def test_the_host_cannot_reach_outside_of_the_memories(address, size):
    cpu: Processor = Machine("wait").cpu
    with pytest.raises(IndexError, match=f"0x{address:08x}"):
        cpu.read(address, size)
    with pytest.raises(IndexError, match=f"0x{address:08x}"):
        cpu.write(address, bytes(size))


def test_processors_and_their_memory_may_end_in_any_order():
    """Reference cycles (the reference core) are collected in any order."""
    bus = Bus()
    cpus = [Machine("wait", hemisphere=h, bus=bus, core="reference").cpu for h in (0, 1)]
    third = Machine("wait", hemisphere=0)
    memory = bus._native
    del bus
    ffi.release(memory)
    cpus[1].write(mm.EXTMEM_DATA_BASE, b"kept")
    del cpus[0]
    assert cpus[0].read(mm.EXTMEM_DATA_BASE, 4) == b"kept"
    del cpus[0]
    gc.collect()
    assert run_code(third, "li 3,1; wait").gpr(3) == 1
