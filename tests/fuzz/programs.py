# SPDX-License-Identifier: BSD-3-Clause
"""Random code, scalar and vector mixed, with wild addresses, on both processors of a chip."""

import struct
from random import Random

import numpy as np

from nuxemu import ChipModel, CorrelationConfig, NeuronParameters, StopReason
from nuxemu import memory_map as mm
from nuxemu.chip_state import ChipState
from nuxemu.isa import VECTOR, disassemble, scalar
from nuxemu.isa.vector import Kind

WORDS = 600  # of code in each processor's SRAM
BURSTS = 150
MEMORY_KINDS = (Kind.LAX, Kind.STAX, Kind.INX, Kind.OUTX)
MEMORY_ROWS = [insn for insn in VECTOR if insn.kind in MEMORY_KINDS]
_SPRS = list(scalar.SPR_NAMES)
_BUS_WORDS = [
    value for name, value in vars(mm).items()
    if name.startswith("OMNIBUS_") and name.endswith("_WORD")
]  # fmt: skip
_VECTOR_REGIONS = [
    value for name, value in vars(mm).items()
    if name.startswith("VECTOR_") and name != "VECTOR_BYTES"
]  # fmt: skip


def address(rng: Random) -> int:
    """An address that a program could have: good, at an edge, or wild."""
    kind = rng.randrange(10)
    if kind < 3:
        return rng.randrange(mm.SRAM_SIZE) & ~rng.choice((0, 3, 3, 127))
    if kind == 3:
        return rng.choice((mm.SRAM_SIZE, mm.EXTMEM_DATA_BASE, mm.EXTMEM_DATA_BASE + mm.EXTMEM_SIZE,
                           mm.DRAM_DATA_BASE, mm.DRAM_DATA_BASE + mm.DRAM_SIZE, 1 << 32,
                           mm.EXTMEM_FETCH_BASE, mm.DRAM_FETCH_BASE,
                           )) - rng.randrange(-8, 9)  # fmt: skip
    if kind < 6:
        word = rng.choice(_BUS_WORDS) + rng.randrange(2) * mm.OMNIBUS_HEMISPHERE_WORD_STRIDE
        return mm.OMNIBUS_DATA_BASE + 4 * (word + rng.choice((0, 0, rng.randrange(1024))))
    if kind < 8:
        return rng.choice(_VECTOR_REGIONS) + rng.randrange(520)
    if kind == 8:
        return rng.getrandbits(32)
    return rng.choice((0, 1, 2, 31, 32, 63, 127, 255, 256, 257, 512, 0x7FFF_FFFF, 0xFFFF_FFFF))


def word(rng: Random) -> int:
    """One instruction word."""
    kind = rng.randrange(20)
    if kind < 6:
        insn = rng.choice(VECTOR)
        return insn.base | rng.getrandbits(32) & 0x03FF_F803
    if kind < 9:
        return rng.choice(MEMORY_ROWS).base | rng.getrandbits(32) & 0x03FF_F803
    if kind == 9:
        return rng.getrandbits(32)
    if kind == 10:  # short branches, forward more often
        return 16 << 26 | rng.getrandbits(10) << 16 | (4 * rng.randrange(-8, 24) & 0xFFFC)
    if kind == 11:
        number = rng.choice(_SPRS)
        base = rng.choice((339, 467)) << 1 | 31 << 26
        return base | rng.randrange(32) << 21 | (number & 31) << 16 | number >> 5 << 11
    insn = rng.choice(scalar.SCALAR)
    if insn.mnemonic == "wait" and rng.random() < 0.9:
        insn = rng.choice(scalar.SCALAR)
    free = 0xFFFF_FFFF & ~insn.mask & ~(insn.reserved if rng.random() < 0.95 else 0)
    found = insn.match | rng.getrandbits(32) & free
    if insn.kind in ("load", "store") and insn.mask == 0xFC00_0000 and rng.random() < 0.7:
        found &= ~0xFF83  # small, aligned displacement
    return found


class Programs:
    """Random programs on a chip with spikes, neurons and interrupts."""

    name = "programs"
    unit = "instructions"
    full_run = 10_000_000

    def __init__(self, folder: object) -> None:
        pass

    def make(self, rng: Random, case: int) -> bytes:
        return b"".join(struct.pack(">I", word(rng)) for _ in range(2 * WORDS))

    def check(self, data: bytes, rng: Random, case: int) -> int:
        return run(data, rng, case)[0]


def run(data: bytes, rng: Random, seed: int) -> tuple[int, ChipState]:
    """Run code on both processors; returns instructions executed and the state at the end."""
    # Sensors without spread are made faster.
    sensors = CorrelationConfig.ideal() if seed % 8 else CorrelationConfig()
    hardware = bool(rng.randrange(2))
    model = ChipModel(seed, correlation=sensors, neurons=NeuronParameters(), hardware=hardware)
    _scramble(model, rng)
    for hemisphere, cpu in enumerate(model.processors):
        cpu.write(0, data[4 * WORDS * hemisphere :][: 4 * WORDS])
        cpu.set_code_end(rng.choice((0, 4 * WORDS, mm.SRAM_SIZE)))
        cpu.set_stack_limit(rng.choice((0, 0x2000)))
        cpu.set_profiling(rng.random() < 0.3)
        model.start(hemisphere)
        cpu.set_registers(gpr=[address(rng) & 0xFFFF_FFFF for _ in range(32)])
    executed = 0
    for _ in range(BURSTS):
        before = [cpu.instructions for cpu in model.processors]
        end = model.run(model.cycle + rng.randrange(1, 4000), awaited=(0, 1), max_wall_s=20)
        assert end.name != "WALL_LIMIT", "the run did not come to its end within 20 s"
        for hemisphere, cpu in enumerate(model.processors):
            executed += max(cpu.instructions - before[hemisphere], 0)
            _go_on(model, hemisphere, rng)
        _disturb(model, rng)
    for cpu in model.processors:
        cpu.sites()
        cpu.profile()
    state = model.save()
    model.restore(state)
    assert not state.differences(model.save())
    return executed, state


def _scramble(model: ChipModel, rng: Random) -> None:
    draw = np.random.default_rng(rng.getrandbits(32))
    for array, neurons in zip(model.arrays, model.neurons, strict=True):
        array.weights = draw.integers(0, 64, (256, 256))
        array.labels = draw.integers(0, 4, (256, 256))
        neurons.change(enabled=True, fire=True, bypass=rng.random() < 0.3)
    count = 500
    times = np.sort(draw.uniform(0, 2e-4, count))
    model.network.add_spikes(times, draw.integers(0, 256, count), draw.integers(0, 4, count), 0)
    for cpu in model.processors:
        cpu.vector_registers[:] = draw.integers(0, 256, (32, 128))


def _go_on(model: ChipModel, hemisphere: int, rng: Random) -> None:
    """Set a processor that stands still on its way again."""
    cpu = model.processors[hemisphere]
    stop = cpu.stop
    assert stop.reason is not StopReason.ENGINE, f"the engine failed at 0x{stop.word:08x}"
    disassemble(stop.word)
    insn = scalar.decode(stop.word)
    if insn:
        insn.name(stop.word)
    if model.is_at_work(hemisphere) and rng.random() < 0.9:
        return
    if stop.reason in (StopReason.HELD, StopReason.RUNNING) or rng.random() < 0.2:
        model.hold(hemisphere)
        model.start(hemisphere)
    gpr = [address(rng) & 0xFFFF_FFFF for _ in range(32)]
    cpu.set_registers(
        pc=4 * rng.randrange(WORDS), gpr=gpr, lr=4 * rng.randrange(WORDS), ctr=rng.getrandbits(8)
    )


def _disturb(model: ChipModel, rng: Random) -> None:
    """What the host may do between two runs."""
    kind = rng.randrange(60)
    cpu = rng.choice(model.processors)
    if kind == 0:
        cpu.set_inputs(rng.getrandbits(32))
    elif kind == 1:
        cpu.ring_doorbell()
    elif kind == 2:
        at = rng.randrange(WORDS) * 4
        cpu.write(at, b"".join(struct.pack(">I", word(rng)) for _ in range(8)))
    elif kind == 3:
        try:
            cpu.write(address(rng) & 0xFFFF_FFFF, rng.randbytes(rng.randrange(200)))
        except IndexError:
            return
    elif kind == 4:
        try:
            cpu.read(address(rng) & 0xFFFF_FFFF, rng.randrange(200))
        except IndexError:
            return
    elif kind == 5:
        model.restore(model.save())
    elif kind == 6:
        cpu.set_profiling(rng.random() < 0.5)
