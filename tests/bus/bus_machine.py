# SPDX-License-Identifier: BSD-3-Clause
"""Both ways to the bus: from the host, and by a program on either processor."""

from dataclasses import dataclass

import numpy as np

from emulator.ppu_machine import Machine, code
from nuxemu import Bus, Network, Stop, StopReason, SynapseArray
from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib

FULL = 0xFFFF_FFFF


def load(register: int, value: int) -> str:
    """Assembler text that loads a 32-bit constant."""
    return (
        f"lis {register},0x{value >> 16 & 0xFFFF:x}; ori {register},{register},{value & 0xFFFF}; "
    )


def pointer(word: int) -> int:
    """Data address of a bus word."""
    return mm.OMNIBUS_DATA_BASE | word << 2


def hemisphere_word(top: int, hemisphere: int) -> int:
    return top + hemisphere * mm.OMNIBUS_HEMISPHERE_WORD_STRIDE


def pair_word(first: int, second: int) -> int:
    return first + second * mm.OMNIBUS_PAIR_WORD_STRIDE


class Neurons:
    """Neurons of a hemisphere, by their native interface."""

    def __init__(self) -> None:
        self._native = ffi.gc(lib.nux_neurons_new(), lib.nux_neurons_free)

    def set(self, **parameters: object) -> None:
        for name, value in parameters.items():
            field = getattr(self._native.parameters, name)
            for column, each in enumerate(np.broadcast_to(value, 256).tolist()):
                field[column] = each
        lib.nux_neurons_update_parameters(self._native, self._native.state.now_s)

    def hold_membranes(self, membranes_lsb: object) -> None:
        """Make integrators of all neurons, and charge them."""
        self.set(enabled=1, fire=0, tau_mem_s=float("inf"))
        for column, each in enumerate(np.broadcast_to(membranes_lsb, 256).tolist()):
            self._native.state.v_lsb[column] = each
        lib.nux_neurons_update_parameters(self._native, self._native.state.now_s)

    def membranes_lsb(self) -> np.ndarray:
        values = np.empty(256)
        out = ffi.from_buffer("double[]", values)
        lib.nux_neurons_read(self._native, self._native.state.now_s, out)
        return values


@dataclass
class Chip:
    """Two hemispheres on one bus."""

    bus: Bus
    arrays: list[SynapseArray]
    machines: list[Machine]


def chip() -> Chip:
    bus = Bus()
    arrays = [SynapseArray(seed) for seed in range(2)]
    machines = [
        Machine("wait", array=array, bus=bus, hemisphere=h) for h, array in enumerate(arrays)
    ]
    return Chip(bus, arrays, machines)


@dataclass
class FullChip(Chip):
    """The same with neurons and network."""

    neurons: list[Neurons]
    network: Network


def full_chip() -> FullChip:
    bare = chip()
    neurons = [Neurons(), Neurons()]
    for array, below in zip(bare.arrays, neurons, strict=True):
        array.attach_neurons(below)
    network = Network(tuple(bare.arrays), tuple(neurons))
    bare.bus.attach_network(network)
    return FullChip(bare.bus, bare.arrays, bare.machines, neurons, network)


def run(machine: Machine, source: str) -> Stop:
    """Run other code on a machine."""
    machine.code = code(source)
    machine.cpu.reset()
    machine.cpu.write(machine.base, machine.code.data)
    machine.cpu.set_registers(pc=machine.base)
    return machine.run()


def finished(machine: Machine, source: str) -> None:
    stop = run(machine, source)
    assert stop.reason is StopReason.FINISHED, stop


class HostAccess:
    """The host's way."""

    def __init__(self, target: Chip) -> None:
        self.target = target

    def read(self, word: int) -> int:
        return self.target.bus.read(word)

    def write(self, word: int, value: int, mask: int = FULL) -> None:
        self.target.bus.write(word, value, mask=mask)


class ProgramAccess:
    """The way of a program; sub-word accesses by their own instructions."""

    def __init__(self, target: Chip, hemisphere: int) -> None:
        self.target = target  # all of it must live
        self.machine = target.machines[hemisphere]

    def read(self, word: int) -> int:
        finished(self.machine, load(3, pointer(word)) + "lwz 4,0(3); wait")
        return self.machine.gpr(4)

    def write(self, word: int, value: int, mask: int = FULL) -> None:
        insn, offset, shift = {
            FULL: ("stw", 0, 0),
            0xFFFF_0000: ("sth", 0, 16),
            0x0000_FFFF: ("sth", 2, 0),
            0xFF00_0000: ("stb", 0, 24),
            0x00FF_0000: ("stb", 1, 16),
            0x0000_FF00: ("stb", 2, 8),
            0x0000_00FF: ("stb", 3, 0),
        }[mask]
        source = load(3, pointer(word)) + load(4, value >> shift)
        finished(self.machine, source + f"{insn} 4,{offset}(3); wait")
