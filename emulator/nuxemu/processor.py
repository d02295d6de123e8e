# SPDX-License-Identifier: BSD-3-Clause
"""One plasticity processor: memories, registers, vector unit, and its run loop."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import memory_map as mm
from nuxemu._native import ffi, lib
from nuxemu.bus import Bus

if TYPE_CHECKING:
    from nuxemu.synapse_array import SynapseArray

_CORES = ("native", "reference")


class StopReason(Enum):
    """Why a run ended."""

    RUNNING = lib.NUX_RUNNING
    FINISHED = lib.NUX_FINISHED
    CYCLE_LIMIT = lib.NUX_CYCLE_LIMIT
    WALL_LIMIT = lib.NUX_WALL_LIMIT
    INTERRUPTED = lib.NUX_INTERRUPTED
    HELD = lib.NUX_HELD
    UNDEFINED_INSTRUCTION = lib.NUX_TRAP_UNDEFINED
    MISALIGNED = lib.NUX_TRAP_MISALIGNED
    OUT_OF_RANGE = lib.NUX_TRAP_OUT_OF_RANGE
    UNKNOWN_BUS_ADDRESS = lib.NUX_TRAP_BUS
    UNKNOWN_VECTOR_ADDRESS = lib.NUX_TRAP_VECTOR_IO
    NO_NEURON = lib.NUX_TRAP_NO_NEURON
    CADC_DISABLED = lib.NUX_TRAP_CADC_OFF
    TOO_MANY_EVENTS = lib.NUX_TRAP_EVENTS
    FETCH = lib.NUX_TRAP_FETCH
    STACK_OVERFLOW = lib.NUX_TRAP_STACK
    TRAP_INSTRUCTION = lib.NUX_TRAP_INSTRUCTION
    ENGINE = lib.NUX_TRAP_ENGINE

    @property
    def is_trap(self) -> bool:
        """True for the reasons that are the program's fault (or the model's)."""
        return bool(self.value >= lib.NUX_TRAP_UNDEFINED)


class SiteKind(Enum):
    """What a program did that the chip does differently from the Power ISA."""

    SHIFT = lib.NUX_SITE_SHIFT
    LHA = lib.NUX_SITE_LHA
    SPLAT_R0 = lib.NUX_SITE_SPLAT_R0
    DIVIDE = lib.NUX_SITE_DIVIDE
    NO_SYNC = lib.NUX_SITE_NO_SYNC
    UNDEFINED = lib.NUX_SITE_UNDEFINED
    MISALIGNED = lib.NUX_SITE_MISALIGNED
    UNWRITTEN = lib.NUX_SITE_UNWRITTEN
    NO_CONDITION = lib.NUX_SITE_NO_CONDITION
    EMPTY_MASK = lib.NUX_SITE_EMPTY_MASK
    WEIGHT = lib.NUX_SITE_WEIGHT
    NOT_LATCHED = lib.NUX_SITE_NOT_LATCHED
    ON_NEURONS = lib.NUX_SITE_ON_NEURONS
    SATURATED = lib.NUX_SITE_SATURATED

    UNINITIALISED = lib.NUX_SITE_UNINITIALISED
    NO_BASELINE = lib.NUX_SITE_NO_BASELINE
    NEVER_RESET = lib.NUX_SITE_NEVER_RESET
    RED_ZONE = lib.NUX_SITE_RED_ZONE
    LOST_TEXT = lib.NUX_SITE_LOST_TEXT
    FLOAT = lib.NUX_SITE_FLOAT
    STACK_MARGIN = lib.NUX_SITE_STACK_MARGIN
    MISSED = lib.NUX_SITE_MISSED
    NEURON_ROW = lib.NUX_SITE_NEURON_ROW


class Mark(IntFlag):
    """What is known about a word of a program; see `Processor.set_marks`.

    Attributes
    ----------
    FLOAT
        Begin of a function for floating point in software.
    LOST
        Begin of the function called for each character that the mailbox had no room for.
    LIBRARY
        Code that is not to blame: what it does counts to the line that calls it.
    LEAF
        Such code of a function that makes no frame on the stack.
    ANEW
        Begin of a function from which on what lies below the stack pointer counts as unwritten.
    """

    FLOAT = lib.NUX_MARK_FLOAT
    LOST = lib.NUX_MARK_LOST
    LIBRARY = lib.NUX_MARK_LIBRARY
    LEAF = lib.NUX_MARK_LEAF
    ANEW = lib.NUX_MARK_ANEW


class Checks(Enum):
    """Which likely mistakes a processor looks for; see `Processor.checks`."""

    OFF = lib.NUX_CHECKS_OFF
    DEFAULT = lib.NUX_CHECKS_DEFAULT
    STRICT = lib.NUX_CHECKS_STRICT


@dataclass(frozen=True)
class Stop:
    """End of a run.

    Attributes
    ----------
    reason : StopReason
        Why the run ended.
    pc : int
        Byte address of the instruction that ended it; for a jump out of memory, the target.
    from_pc : int
        For a jump out of memory, the address that it came from; else as `pc`.
    address : int
        Data address of a refused access, else 0.
    word : int
        Instruction word at `pc`.
    is_store, size : bool, int
        Direction and bytes of a refused access.
    """

    reason: StopReason
    pc: int
    from_pc: int
    address: int
    word: int
    is_store: bool
    size: int


class Wait(Enum):
    """What an instruction waited for."""

    SCALAR = lib.NUX_WAIT_SCALAR
    BRANCH = lib.NUX_WAIT_BRANCH
    VECTOR = lib.NUX_WAIT_VECTOR
    SRAM = lib.NUX_WAIT_SRAM
    ARRAY = lib.NUX_WAIT_ARRAY
    CADC = lib.NUX_WAIT_CADC
    EXTERNAL = lib.NUX_WAIT_EXTERNAL
    BUS = lib.NUX_WAIT_BUS
    SLEEP = lib.NUX_WAIT_SLEEP
    INTERRUPT = lib.NUX_WAIT_INTERRUPT


#: What `Processor.profile` gives: an instruction, and where its cycles went. `waits` is that
#: part of the cycles in which it waited, by the value of `Wait`.
PROFILE_SITE = np.dtype(
    [("pc", "u8"), ("executed", "u8"), ("cycles", "u8"), ("waits", "u8", len(Wait))]
)


class DebugEvent(Enum):
    """Why a debugger's processor stopped."""

    NOTHING = lib.NUX_DEBUG_NOTHING
    STEP = lib.NUX_DEBUG_STEP
    BREAKPOINT = lib.NUX_DEBUG_BREAKPOINT
    WATCH = lib.NUX_DEBUG_WATCH


@dataclass(frozen=True)
class Watch:
    """What to watch.

    Attributes
    ----------
    first, size : int
        Data addresses of the processor, bytes; of weights, ``row * 256 + column``.
    weights : bool
        Weights of the processor's hemisphere instead of memory: stops when one changes.
    reads, writes : bool
        Accesses to stop behind.
    """

    first: int
    size: int
    weights: bool = False
    reads: bool = False
    writes: bool = True


@dataclass(frozen=True)
class Site:
    """An instruction that did something remarkable, and how often."""

    pc: int
    kind: SiteKind
    count: int


def _stop(native: Any) -> Stop:
    return Stop(
        StopReason(native.reason),
        native.pc,
        native.from_pc,
        native.address,
        native.word,
        bool(native.store),
        native.size,
    )


def _engine_api() -> Any:
    """Entry points of the Unicorn library that its Python package has loaded."""
    from unicorn.unicorn_py3.unicorn import uclib

    api = ffi.new("nux_engine_api *")
    for name, _ in ffi.typeof("nux_engine_api").fields:
        address = ctypes.cast(getattr(uclib, name), ctypes.c_void_p).value
        setattr(api, name, ffi.cast("void *", address))
    return api


class Processor:
    """One plasticity processor (PPU) with its 16 KiB of SRAM and its vector unit.

    Parameters
    ----------
    array : SynapseArray
        Synapse array of the processor's hemisphere.
    bus : Bus, optional
        Bus and memories shared with the other processor; new ones if not given.
    hemisphere : int
        0 (top) or 1 (bottom).
    core : {"native", "reference"}
        Vector arithmetic in C, or by the NumPy specification (slow).
    hardware : bool
        Behave as the RTL where the model otherwise stops the run: undefined instructions
        are no-ops, misaligned accesses and traps enter their interrupt.
    slices : int
        16-byte slices that vector loads and stores move (8; the RTL vectors use 1).
    test_bench_memory : int, optional
        Replaces the chip's memories by those of the RTL test bench: this many bytes (a power
        of two), mirrored over all addresses, with ideal buses.
    bus_latency : int
        Extra cycles of the test bench's data buses.

    Raises
    ------
    RuntimeError
        If the installed Unicorn does not fit.
    """

    def __init__(
        self,
        array: SynapseArray,
        *,
        bus: Bus | None = None,
        hemisphere: int = 0,
        core: str = "native",
        hardware: bool = False,
        slices: int = 8,
        test_bench_memory: int | None = None,
        bus_latency: int = 0,
    ) -> None:
        self._array = array
        self._bus = bus or Bus()
        config = ffi.new("nux_processor_config *")
        config.sram_size = test_bench_memory or mm.SRAM_SIZE
        config.hemisphere = hemisphere
        config.slices = slices
        config.hardware = hardware
        config.flat_memory = config.ideal_bus = test_bench_memory is not None
        config.bus_latency = bus_latency
        error = ffi.new("char[256]")
        native = lib.nux_processor_new(
            _engine_api(), config, self._bus._native, array._native, error, len(error)
        )
        if native == ffi.NULL:
            raise RuntimeError(ffi.string(error).decode())
        self._native = ffi.gc(native, lib.nux_processor_free)
        self.is_profiling = False
        self.is_debugging = False
        self.set_core(core)
        self._checks = Checks.OFF

    def set_core(self, core: str) -> None:
        """Choose the vector arithmetic: ``"native"`` or ``"reference"``."""
        if core not in _CORES:
            raise ValueError(f"core is {core!r}, but must be one of {', '.join(_CORES)}")
        self.core = core
        if core == "native":
            lib.nux_processor_set_vector_step(self._native, ffi.NULL, ffi.NULL)
            return
        from nuxemu.reference import VectorState, execute

        state = VectorState(*self._vector_buffers())
        registers = ffi.new("nux_registers *")

        @ffi.callback("nux_vector_step_fn")  # type: ignore[untyped-decorator]
        def step(_user: Any, word: int) -> None:
            lib.nux_processor_get_registers(self._native, registers)
            execute(state, word, list(registers.gpr))

        self._vector_step = step
        lib.nux_processor_set_vector_step(self._native, step, ffi.NULL)

    def _vector_buffers(self) -> tuple[npt.NDArray[Any], ...]:
        vectors = lib.nux_processor_vectors(self._native)
        vr = np.frombuffer(ffi.buffer(vectors.vr), np.uint8).reshape(32, 128)
        acc = np.frombuffer(ffi.buffer(vectors.acc), np.uint32)
        vcr = np.frombuffer(ffi.buffer(vectors.vcr), np.uint8)
        return vr, acc, vcr

    @property
    def sram(self) -> npt.NDArray[np.uint8]:
        """View of the SRAM, bytes, to read only: `write` also tells the checks, and renews code."""
        size = mm.SRAM_SIZE
        view = np.frombuffer(ffi.buffer(lib.nux_processor_sram(self._native), size), np.uint8)
        view.flags.writeable = False
        return view

    def write_vector_register(self, index: int, lanes: bytes) -> None:
        """Write a vector register, 0 to 31: 128 bytes, lane 0 first."""
        self.vector_registers[index] = np.frombuffer(lanes, np.uint8)
        lib.nux_processor_vector_written(self._native, index)

    @property
    def vector_registers(self) -> npt.NDArray[np.uint8]:
        """View of the vector registers, shape (32, 128), lane 0 first, big-endian halfwords."""
        return self._vector_buffers()[0]

    @property
    def accumulator(self) -> npt.NDArray[np.uint32]:
        """View of the accumulator, shape (64,): one word per halfword element."""
        return self._vector_buffers()[1]

    @property
    def condition(self) -> npt.NDArray[np.uint8]:
        """View of the condition register per byte lane: 0 none, 1 GT, 2 LT, 3 EQ."""
        return self._vector_buffers()[2]

    def write(self, address: int, data: bytes) -> None:
        """Write bytes to SRAM or to the data view of an external memory.

        Raises
        ------
        IndexError
            If a byte lies outside all memories.
        """
        if lib.nux_processor_write(self._native, address, data, len(data)):
            raise IndexError(
                f"{len(data)} bytes at 0x{address:08x} are not inside one of the memories"
            )

    def forget_written(self) -> None:
        """Take what is in the SRAM so far for nothing that the next program may read.

        Checks report what it reads all the same before it, the host or the other processor has
        written there.
        """
        lib.nux_processor_forget_written(self._native)

    def read(self, address: int, size: int) -> bytes:
        """Read `size` bytes from SRAM or the data view of an external memory; see `write`."""
        out = ffi.new("uint8_t[]", size)
        if lib.nux_processor_read(self._native, address, out, size):
            raise IndexError(f"{size} bytes at 0x{address:08x} are not inside one of the memories")
        return bytes(ffi.buffer(out))

    def reset(self) -> None:
        """Reset: PC and registers 0, accumulator and condition 0, cycle counter 0.

        Memories and vector registers keep their contents, as on the chip.
        """
        lib.nux_processor_reset(self._native)

    def set_stack_limit(self, address: int) -> None:
        """Stop the run when a store through r1 goes below `address` (0: no check)."""
        lib.nux_processor_set_stack_limit(self._native, address)

    @property
    def stack_limit(self) -> int:
        """Lowest address that the stack may have; 0: there is no check."""
        return int(lib.nux_processor_stack_limit(self._native))

    @property
    def stack_lowest(self) -> tuple[int, int]:
        """Lowest address of a store through r1 since reset, and the instruction.

        The stack's top and 0 if there was none.
        """
        lowest = lib.nux_processor_stack_lowest(self._native)
        return int(lowest), int(lib.nux_processor_stack_lowest_pc(self._native))

    def set_marks(self, marks: bytes) -> None:
        """Tell what each word of the SRAM is for the checks: bits of `Mark`."""
        if len(marks) != lib.NUX_NUM_MARKS:
            raise ValueError(f"{len(marks)} marks, but there must be {lib.NUX_NUM_MARKS}")
        lib.nux_processor_set_marks(self._native, marks)

    def set_code_end(self, address: int) -> None:
        """Tell where the code in SRAM ends: stores above it need no check for changed code."""
        lib.nux_processor_set_code_end(self._native, address)

    def registers(self) -> dict[str, Any]:
        """All registers by name; ``gpr`` is a list of 32."""
        native = ffi.new("nux_registers *")
        lib.nux_processor_get_registers(self._native, native)
        names = [name for name, _ in ffi.typeof("nux_registers").fields]
        return {
            name: list(native.gpr) if name == "gpr" else int(getattr(native, name))
            for name in names
        }

    def set_registers(self, **values: Any) -> None:
        """Set registers by the names that `registers` gives; a new `pc` wakes the processor."""
        if "pc" in values:
            values.setdefault("asleep", 0)
        native = ffi.new("nux_registers *")
        lib.nux_processor_get_registers(self._native, native)
        for name, value in values.items():
            setattr(native, name, value)
        lib.nux_processor_set_registers(self._native, native)

    def run(self, *, max_cycles: int, max_wall_s: float | None = None) -> Stop:
        """Run this processor alone until the program ends, traps or hits a limit.

        Parameters
        ----------
        max_cycles : int
            Value of the cycle counter at which the run is stopped.
        max_wall_s : float, optional
            Wall time (s) after which the run is stopped.
        """
        stop = ffi.new("nux_stop *")
        limit = max_wall_s if max_wall_s is not None else 0.0
        lib.nux_processor_run(self._native, max_cycles, limit, stop)
        return _stop(stop)

    @property
    def stop(self) -> Stop:
        """Where and why the processor stands still, as after the last run."""
        return _stop(lib.nux_processor_stop(self._native))

    def interrupt(self) -> None:
        """End the run that another thread is in, soon."""
        lib.nux_chip_interrupt(self._bus._native)

    def set_inputs(self, pins: int) -> None:
        """Apply levels to the 32 general-purpose input pins (GIN), from the present cycle on.

        Pins 0 to 3 can request the external input interrupt, as ICCR says. Each call is a
        moment of its own, so that two in a row make a pulse. Reset does not change the pins.

        Parameters
        ----------
        pins : int
            One bit a pin, 0 to 2**32 - 1.

        Raises
        ------
        ValueError
            If the value does not fit into 32 bits.
        """
        if not 0 <= pins < 1 << 32:
            raise ValueError(f"pins is {pins!r}, but must be one bit for each of 32 pins")
        lib.nux_processor_set_inputs(self._native, pins)

    @property
    def outputs(self) -> int:
        """Levels that the processor drives: GOUT where GOE is 0 (output), else 0."""
        return int(lib.nux_processor_outputs(self._native))

    def ring_doorbell(self) -> None:
        """Request the doorbell interrupt. As on the chip it is lost while MSR.EE is clear."""
        lib.nux_processor_ring_doorbell(self._native)

    @property
    def cycles(self) -> int:
        """Cycles since reset (estimate)."""
        return int(lib.nux_processor_cycles(self._native))

    @property
    def instructions(self) -> int:
        """Instructions executed since reset."""
        return int(lib.nux_processor_instructions(self._native))

    def set_profiling(self, on: bool) -> None:
        """Count where cycles go, from now on, and anew from each reset on; see `profile`."""
        if lib.nux_processor_set_profile(self._native, on):
            raise MemoryError("no memory is left for a profile")
        self.is_profiling = on

    def profile(self) -> npt.NDArray[Any]:
        """Instructions that ran while profiling is on, by address.

        Returns
        -------
        ndarray of PROFILE_SITE
            The sum of `cycles` is the number of cycles since profiling or the last reset, that
            of `executed` the number of instructions.
        """
        count = lib.nux_processor_profile(self._native, ffi.NULL, 0)
        sites = np.zeros(count, PROFILE_SITE)
        out = ffi.cast("nux_profile_site *", ffi.from_buffer(sites))
        lib.nux_processor_profile(self._native, out, count)
        return sites

    def set_debugging(self, on: bool) -> None:
        """Let a debugger stop this processor, or no longer. Runs are slower; cycles the same."""
        self.is_debugging = False
        if lib.nux_processor_set_debug(self._native, on):
            raise MemoryError("no memory is left for a debugger")
        self.is_debugging = on

    def _need_debugger(self) -> None:
        if not self.is_debugging:
            raise RuntimeError("this processor has no debugger: call set_debugging(True) first")

    def set_breakpoints(self, addresses: Sequence[int]) -> None:
        """Replace the addresses of instructions before which runs stop (at most 4096)."""
        self._need_debugger()
        if lib.nux_processor_set_breakpoints(self._native, list(addresses), len(addresses)):
            raise ValueError(f"{len(addresses)} breakpoints, but there can be 4096")

    def set_watches(self, watches: Sequence[Watch]) -> None:
        """Replace what is watched (at most 64): runs stop behind an instruction that meets it."""
        self._need_debugger()
        native = ffi.new("nux_watch[]", len(watches))
        for each, watch in zip(native, watches, strict=True):
            each.space = lib.NUX_WATCH_WEIGHTS if watch.weights else lib.NUX_WATCH_MEMORY
            each.first, each.size = watch.first, watch.size
            each.reads, each.writes = watch.reads, watch.writes
        if lib.nux_processor_set_watches(self._native, native, len(watches)):
            raise ValueError(f"{len(watches)} watchpoints, but there can be 64")

    def resume(self, *, step: bool = False) -> None:
        """Let the next run go on from here, for one instruction or until something is met."""
        self._need_debugger()
        lib.nux_processor_resume(self._native, step)

    @property
    def debug_event(self) -> tuple[DebugEvent, int, int]:
        """Why the debugger stopped the last run, number of the watch that was met, address."""
        self._need_debugger()
        stop = lib.nux_processor_debug_stop(self._native)
        return DebugEvent(stop.kind), int(stop.watch), int(stop.address)

    @property
    def checks(self) -> Checks:
        """Which likely mistakes are looked for; they change neither results nor times."""
        return self._checks

    @checks.setter
    def checks(self, checks: Checks) -> None:
        lib.nux_processor_set_checks(self._native, checks.value)
        self._checks = checks

    def sites(self) -> list[Site]:
        """Sites where the program relied on what the chip does differently, and likely mistakes."""
        sites = lib.nux_processor_sites(self._native)
        count = lib.nux_processor_num_sites(self._native)
        return [
            Site(sites[i].pc, SiteKind(sites[i].kind), int(sites[i].count)) for i in range(count)
        ]

    def mask_was_met(self, pc: int) -> bool:
        """Whether a masked write at an address wrote at least one lane once.

        Code in the external memory shares the answers of that in the SRAM.
        """
        return bool(lib.nux_processor_mask_was_met(self._native, pc))

    @property
    def unlisted_events(self) -> int:
        """Number of remarkable events at places beyond the 4096 that `sites` lists."""
        return int(lib.nux_processor_num_unlisted(self._native))
