# SPDX-License-Identifier: BSD-3-Clause
"""The whole chip: two hemispheres and one clock."""

from __future__ import annotations

from enum import Enum
from typing import Any

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.analog_array import AnalogArray
from nuxemu.bus import Bus
from nuxemu.chip_state import ChipState, StateError
from nuxemu.correlation_config import CorrelationConfig
from nuxemu.network import Network
from nuxemu.neurons import NeuronParameters, Neurons
from nuxemu.processor import Processor
from nuxemu.synapse_array import SynapseArray

HEMISPHERES = (0, 1)


class ChipEnd(Enum):
    """Why a run of the chip ended."""

    REACHED = lib.NUX_CHIP_REACHED
    IDLE = lib.NUX_CHIP_IDLE
    STOPPED = lib.NUX_CHIP_STOPPED
    WALL_LIMIT = lib.NUX_CHIP_WALL_LIMIT
    INTERRUPTED = lib.NUX_CHIP_INTERRUPTED


class ChipModel:
    """An emulated chip: units of both hemispheres, bus, and the clock that they share.

    Both processors run at the same time: they take turns, in steps of 500 cycles (2 us) on a
    fixed grid. What one does to sensors, neurons and events takes effect at its cycle; what it
    does to the other's SRAM or to shared memory in the order in which it was done, to within the
    2 us. All is the same in every run, wherever the host stops in between. While both are at
    work, the chip stands at the last whole step.

    Parameters
    ----------
    seed : int
        Of the fixed pattern and the noise of both arrays, 0 to 2**63 - 1.
    correlation : CorrelationConfig, optional
        Parameters of sensors and CADC, for both hemispheres.
    neurons : NeuronParameters, optional
        Parameters of the neurons of both hemispheres; all are disabled if not given.
    core : {"native", "reference"}
        Vector arithmetic in C, or by the NumPy specification (slow).
    hardware : bool
        Undefined instructions are no-ops and misaligned accesses interrupts, as on the chip.

    Attributes
    ----------
    bus : Bus
        On-chip bus and external memories.
    arrays : tuple of SynapseArray
        By hemisphere: 0 top, 1 bottom.
    neurons : tuple of Neurons
        By hemisphere.
    network : Network
        Events: input, sources, row drivers, routing, spikes out.
    processors : tuple of Processor
        By hemisphere; in reset at first.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        correlation: CorrelationConfig | None = None,
        neurons: NeuronParameters | None = None,
        core: str = "native",
        hardware: bool = False,
    ) -> None:
        self.bus = Bus()
        self.arrays = (SynapseArray(2 * seed, correlation), SynapseArray(2 * seed + 1, correlation))
        self.neurons = (Neurons(neurons), Neurons(neurons))
        for array, circuits in zip(self.arrays, self.neurons, strict=True):
            array.attach_neurons(circuits)
        self.network = Network(self.arrays, self.neurons)
        self.bus.attach_network(self.network)
        self.processors = tuple(
            Processor(array, bus=self.bus, hemisphere=h, core=core, hardware=hardware)
            for h, array in enumerate(self.arrays)
        )
        self._native = self.bus._native
        for hemisphere in HEMISPHERES:
            self.hold(hemisphere)

    def attach_analog(self, analog: tuple[AnalogArray, AnalogArray] | None) -> None:
        """Go over to the non-spiking mode, or (None) back to spikes.

        Then events on rows are pulses of a length, their label's lower five bits, for synapses
        whose label has the same highest bit. They are weighed and summed up as `analog` has it;
        resets of neurons empty the sums, and CADC channels that are connected to neurons read
        them, each conversion a trial. Neurons and sensors do not see such events. Weights, row
        modes and switches are those of the chip.

        Parameters
        ----------
        analog : tuple of AnalogArray, or None
            By hemisphere.
        """
        for hemisphere, array in enumerate(self.arrays):
            array.attach_analog(None if analog is None else analog[hemisphere])

    @property
    def cycle(self) -> int:
        """Cycle of the chip's clock (4 ns) that has been reached."""
        return int(lib.nux_chip_now(self._native))

    @property
    def time_s(self) -> float:
        """Hardware time that has been reached, seconds."""
        return self.cycle / mm.PPU_CLOCK_HZ

    def start(self, hemisphere: int) -> None:
        """Release a processor from reset, at the present time: it starts at address 0."""
        lib.nux_chip_start(self._native, hemisphere)

    def hold(self, hemisphere: int) -> None:
        """Put a processor into reset; memories keep their contents."""
        lib.nux_chip_hold(self._native, hemisphere)

    def is_at_work(self, hemisphere: int) -> bool:
        """Whether a processor is neither in reset, asleep for good, nor stopped by a trap."""
        return bool(lib.nux_chip_at_work(self._native, hemisphere))

    def run(
        self, until_cycle: int, *, awaited: tuple[int, ...] = (), max_wall_s: float | None = None
    ) -> ChipEnd:
        """Let time pass: processors that are not in reset run, spikes reach their goals.

        Parameters
        ----------
        until_cycle : int
            Cycle of the chip's clock to run to.
        awaited : tuple of int
            Hemispheres: the run ends earlier when none of their processors is at work.
        max_wall_s : float, optional
            Wall time (s) after which the run ends.

        Returns
        -------
        ChipEnd
            A run that ended early can be continued by the next one.
        """
        mask = sum(1 << hemisphere for hemisphere in awaited)
        limit = max_wall_s if max_wall_s is not None else 0.0
        return ChipEnd(lib.nux_chip_run(self._native, until_cycle, mask, limit))

    def interrupt(self) -> None:
        """End the run that another thread is in, soon."""
        lib.nux_chip_interrupt(self._native)

    def _units(self) -> dict[str, tuple[str, Any]]:
        """Units that have a state: by name, prefix of the native functions and object."""
        units = {"chip": ("nux_chip", self._native), "external": ("nux_external", self._native)}
        units["network"] = ("nux_network", self.network._native)
        for h, side in enumerate(("top", "bottom")):
            units[f"neurons_{side}"] = ("nux_neurons", self.neurons[h]._native)
            units[f"array_{side}"] = ("nux_array", self.arrays[h]._native)
            units[f"processor_{side}"] = ("nux_processor", self.processors[h]._native)
            if (analog := self.arrays[h].analog) is not None:
                units[f"analog_{side}"] = ("nux_analog", analog._native)
        return units

    def save(self) -> ChipState:
        """Return the complete state: memories, registers, sensors, spikes to come, time."""
        sections = {}
        for name, (prefix, native) in self._units().items():
            save = getattr(lib, f"{prefix}_save")
            size = save(native, ffi.NULL, 0)
            data = ffi.new("uint8_t[]", size)
            save(native, data, size)
            sections[name] = bytes(ffi.buffer(data))
        return ChipState(sections)

    def restore(self, state: ChipState) -> None:
        """Become a chip of that state, which goes on as the one that was saved, bit for bit.

        What is no state stays as it is: `core` and `hardware`.

        Raises
        ------
        StateError
            If that is not a state of a chip; nothing is changed then.
        """
        if not isinstance(state, ChipState):
            raise StateError(f"state is {state!r}, but must be a ChipState")
        units = self._units()
        if set(units) != set(state.sections):
            odd = sorted(set(units) ^ set(state.sections))
            raise StateError(f"not the state of such a chip: section {', '.join(odd)}")
        before = self.save()
        for name, (prefix, native) in units.items():
            data = state.sections[name]
            if getattr(lib, f"{prefix}_load")(native, data, len(data)):
                self._load_all(before)
                raise StateError(f"not the state of such a chip: section {name} is inconsistent")

    def _load_all(self, state: ChipState) -> None:
        for name, (prefix, native) in self._units().items():
            data = state.sections[name]
            getattr(lib, f"{prefix}_load")(native, data, len(data))
