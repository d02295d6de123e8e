# SPDX-License-Identifier: BSD-3-Clause
"""The emulated chip: load programs, feed spikes, run, read back."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nuxemu import (
    Checks,
    ChipEnd,
    ChipModel,
    CorrelationConfig,
    NeuronParameters,
    SiteKind,
    StopReason,
)
from nuxemu import memory_map as mm
from nuxemu.array_input import parts

from .errors import InputError, NuxkitError
from .function_call import CallResult, prepare_call
from .interruption import run_interruptibly
from .profile import Profile
from .program import Program, SourceLocation
from .remarks import (
    about_stack,
    act_on,
    check_mode,
    float_calls,
    joined,
    meant_kind,
    stack_use,
)
from .result import Remark, RunResult, StackUse, mailbox_text
from .trace import Trace, TraceRecords
from .traps import error_of

if TYPE_CHECKING:
    from nuxkit.builder import BuildResult

#: Modes of the checks.
CHECKS = tuple(each.name.lower() for each in Checks)
#: Cycles and wall time (s) after which a run is stopped if not told otherwise.
DEFAULT_MAX_CYCLES = 10 * mm.PPU_CLOCK_HZ
DEFAULT_MAX_WALL_S = 60.0

HEMISPHERES = (0, 1)
_MAX_INTEGER = 2**63 - 1
_REALS = (int, float, np.integer, np.floating)
_FETCH_TO_DATA = (
    (mm.EXTMEM_FETCH_BASE, mm.EXTMEM_SIZE, mm.EXTMEM_DATA_BASE),
    (mm.DRAM_FETCH_BASE, mm.DRAM_SIZE, mm.DRAM_DATA_BASE),
)


def data_address(address: int) -> int:
    """Where data accesses find the bytes that a program has at a fetch address."""
    for fetch, size, data in _FETCH_TO_DATA:
        if fetch <= address < fetch + size:
            return address - fetch + data
    return address


class Chip:
    """An emulated BrainScaleS-2 chip with its two hemispheres.

    Each hemisphere (0 top, 1 bottom) has a synapse array with correlation sensors,
    `synram`, and a plasticity processor, `ppu`. The two processors share the external
    memories.

    Parameters
    ----------
    seed : int
        Seed of the fixed pattern and of the noise of both arrays; the same seed gives
        the same bits.
    correlation : CorrelationConfig, optional
        Parameters of sensors and CADC, for both hemispheres.
    neurons : NeuronParameters, optional
        Parameters of the neurons of both hemispheres; all are disabled if not given.
    core : {"native", "reference"}
        Vector arithmetic in C, or by the NumPy specification (slow, the oracle).
    hardware : bool
        Undefined instructions are no-ops and misaligned accesses interrupts, as on the
        chip, instead of traps that stop the run.
    checks : {"default", "strict", "off"}
        Which likely mistakes of programs are looked for; they are among the remarks of a result.
    remarks : {"count", "warn", "raise"}
        Whether remarks are only in a run's result, each is a warning too (RemarkWarning), or the
        run ends with an error.

    Attributes
    ----------
    synram : tuple of nuxemu.SynapseArray
        Synapse arrays by hemisphere: weights, labels, sensors.
    ppu : tuple of nuxemu.Processor
        Processors by hemisphere.
    neurons : tuple of nuxemu.Neurons
        Neuron circuits by hemisphere.
    network : nuxemu.Network
        Events: input, sources, row drivers, routing, spikes of neurons.
    model : nuxemu.ChipModel
        The chip with all its units.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        correlation: CorrelationConfig | None = None,
        neurons: NeuronParameters | None = None,
        core: str = "native",
        hardware: bool = False,
        checks: str = "default",
        remarks: str = "count",
    ) -> None:
        seed = _check_integer("seed", seed, 0)
        self._remarks_mode = check_mode(remarks)
        if checks not in CHECKS:
            raise InputError(f"checks is {checks!r}, but must be one of {', '.join(CHECKS)}")
        kinds = {"correlation": CorrelationConfig, "neurons": NeuronParameters}
        for name, value in (("correlation", correlation), ("neurons", neurons)):
            if value is not None and not isinstance(value, kinds[name]):
                raise InputError(f"{name} is {value!r}, but must be {kinds[name].__name__}")
        try:
            self.model = ChipModel(
                seed, correlation=correlation, neurons=neurons, core=core, hardware=hardware
            )
        except ValueError as error:
            raise InputError(str(error)) from error
        self.synram, self.ppu = self.model.arrays, self.model.processors
        self.neurons, self.network = self.model.neurons, self.model.network
        for ppu in self.ppu:
            ppu.checks = Checks[checks.upper()]
        self._programs: list[Program | None] = [None, None]

    @property
    def time_s(self) -> float:
        """Hardware time reached, seconds."""
        return self.model.time_s

    def add_spikes(
        self,
        *,
        pre: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike] | None = None,
        post: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        hemisphere: int = 0,
    ) -> None:
        """Queue spikes of one hemisphere.

        Parameters
        ----------
        pre : tuple of three arrays, optional
            Events on synapse rows, for sensors and neurons: hardware times (s, shape (n,)),
            rows (0 to 255) and labels (0 to 63), in any order.
        post : tuple of two arrays, optional
            Postsynaptic spikes of neurons that are not modelled, for the sensors alone:
            times (ascending) and columns (0 to 255).
        hemisphere : int
            0 (top) or 1 (bottom).

        Raises
        ------
        InputError
            Naming the first value that is not finite, in order, in range, or that lies
            in the past; no spike is queued then.
        """
        array, network = self.synram[_hemisphere(hemisphere)], self.model.network
        try:
            if pre is not None:
                times_s, rows, labels = parts("pre", pre, "times_s, rows, labels")
                try:
                    network.check_spikes(times_s, rows, labels, hemisphere)
                except (TypeError, ValueError) as error:
                    raise InputError(f"pre {error}") from error
            array.add_spikes(post=post)
            if pre is not None:
                network.add_spikes(times_s, rows, labels, hemisphere)
        except (TypeError, ValueError) as error:
            raise InputError(str(error)) from error

    def advance(self, duration_s: float, *, max_wall_s: float = DEFAULT_MAX_WALL_S) -> None:
        """Let hardware time pass: spikes reach their goals, started programs go on.

        Parameters
        ----------
        duration_s : float
            Seconds of hardware time, at least 0; rounded to cycles of 4 ns.
        max_wall_s : float
            Wall time (s) after which this is given up.

        Raises
        ------
        KernelTrap
            A running program did something that no program may do; see `run`.
        RunLimitError
            `max_wall_s` was reached.
        """
        if not (isinstance(duration_s, _REALS) and 0 <= duration_s < math.inf):
            raise InputError(f"duration_s is {duration_s!r}, but must be a time of at least 0 s")
        _check_wall_time(max_wall_s)
        end = self.model.cycle + float(duration_s) * mm.PPU_CLOCK_HZ
        if end > _MAX_INTEGER:
            raise InputError(f"duration_s is {duration_s!r}, beyond the end of the chip's clock")
        self._run(round(float(duration_s) * mm.PPU_CLOCK_HZ), (), max_wall_s)

    def load(
        self, program: Program | BuildResult | str | os.PathLike[str], *, hemisphere: int = 0
    ) -> Program:
        """Load a program: put the processor into reset, clear its SRAM, write all sections.

        Variables in external memory without an initial value keep what was there.

        Parameters
        ----------
        program : Program, BuildResult or path of an ELF file
            What to load.
        hemisphere : int
            0 (top) or 1 (bottom).

        Returns
        -------
        Program
            The loaded program.
        """
        ppu = self.ppu[_hemisphere(hemisphere)]
        program = _as_program(program)
        self.model.hold(hemisphere)
        ppu.write(mm.SRAM_BASE, bytes(mm.SRAM_SIZE))
        ppu.forget_written()
        for segment in program.segments:
            if segment.address < mm.SRAM_SIZE or not segment.zeroed:  # others keep what was there
                ppu.write(data_address(segment.address), segment.data)
        limit = program.symbols.get("__stack_limit")
        ppu.set_stack_limit(limit.address if limit else 0)
        ppu.set_marks(program.marks)
        ppu.set_code_end(_code_end(program))
        self._programs[hemisphere] = program
        return program

    def program(self, hemisphere: int = 0) -> Program:
        """Return the program loaded in a hemisphere."""
        program = self._programs[_hemisphere(hemisphere)]
        if program is None:
            raise InputError(f"no program is loaded in hemisphere {hemisphere}")
        return program

    @property
    def programs(self) -> dict[int, Program]:
        """Loaded programs by hemisphere."""
        return {h: program for h, program in enumerate(self._programs) if program is not None}

    def has_program(self, program: Program, *, hemisphere: int = 0) -> bool:
        """Whether this very program is loaded in a hemisphere."""
        return self._programs[_hemisphere(hemisphere)] is program

    def read(self, path: str, *, hemisphere: int = 0) -> Any:
        """Read a variable of the loaded program by name or path (``"table[3].gain"``).

        Returns
        -------
        int, float, bool, ndarray or dict
            According to its C type; bytes for a variable without debug information.
        """
        location = self.program(hemisphere).resolve(path)
        address = data_address(location.address)
        return location.decode(self.ppu[hemisphere].read(address, location.size))

    def write(self, path: str, value: Any, *, hemisphere: int = 0) -> None:
        """Write a variable of the loaded program; see `read`.

        Raises
        ------
        InputError
            If the value does not fit the C type; nothing is written then.
        """
        self.write_symbols({path: value}, hemisphere=hemisphere)

    def write_symbols(self, values: Mapping[str, Any], *, hemisphere: int = 0) -> None:
        """Write several variables of the loaded program; all or none are written."""
        program, ppu = self.program(hemisphere), self.ppu[hemisphere]
        before: list[tuple[int, bytes]] = []
        try:
            for path, value in values.items():
                location = program.resolve(path)
                if path in program.symbols and program.symbols[path].kind == "function":
                    raise InputError(f"{path} is a function, but only variables are written")
                address = data_address(location.address)
                old = ppu.read(address, location.size)
                ppu.write(address, location.encode(value, old))
                before.append((address, old))
        except Exception:
            for address, old in reversed(before):
                ppu.write(address, old)
            raise

    def mailbox(self, hemisphere: int = 0) -> str:
        """Text that the loaded program has written into its mailbox so far."""
        self.program(hemisphere)
        return mailbox_text(self.ppu[hemisphere].read(mm.MAILBOX_BASE, mm.MAILBOX_SIZE))

    def start(self, *, symbols: Mapping[str, Any] | None = None, hemisphere: int = 0) -> None:
        """Release a processor from reset: its program starts and runs while time passes.

        Parameters
        ----------
        symbols : mapping of str to value, optional
            Variables to write before the start.
        hemisphere : int
            0 (top) or 1 (bottom).
        """
        self.program(hemisphere)
        if symbols:
            if not isinstance(symbols, Mapping):
                raise InputError(
                    f"symbols is {symbols!r}, but must be a mapping of names to values"
                )
            self.write_symbols(symbols, hemisphere=hemisphere)
        self.model.start(hemisphere)

    def stop(self, hemisphere: int = 0) -> None:
        """Put a processor into reset; its memories stay as they are."""
        self.model.hold(_hemisphere(hemisphere))

    def is_running(self, hemisphere: int = 0) -> bool:
        """Whether a program is at work: started, and neither ended nor trapped."""
        return self.model.is_at_work(_hemisphere(hemisphere))

    def run(
        self,
        program: Program | BuildResult | str | os.PathLike[str] | None = None,
        *,
        symbols: Mapping[str, Any] | None = None,
        hemisphere: int = 0,
        max_cycles: int = DEFAULT_MAX_CYCLES,
        max_wall_s: float = DEFAULT_MAX_WALL_S,
        core: str | None = None,
        profile: bool = False,
        trace: Trace | None = None,
    ) -> RunResult:
        """Run a program from its start until it ends.

        The run starts at the chip's present time and takes hardware time; the sensors
        see each spike when its time comes. A program that was started on the other
        processor goes on meanwhile.

        Parameters
        ----------
        program : Program, BuildResult or path, optional
            Loaded first. If not given, the loaded program starts again and finds its
            variables as the last run, or `write`, left them.
        symbols : mapping of str to value, optional
            Variables to write before the start.
        hemisphere : int
            0 (top) or 1 (bottom).
        max_cycles : int
            Processor cycles after which the run is stopped.
        max_wall_s : float
            Wall time (s) after which the run is stopped.
        core : {"native", "reference"}, optional
            Vector arithmetic from now on; unchanged if not given.
        profile : bool
            Count where the cycles go, for the result's `profile`.
        trace : Trace, optional
            What to trace; it is `RunResult.trace` then. Nothing if not given.

        Returns
        -------
        RunResult

        Raises
        ------
        KernelTrap
            The program did something that no program may do; the error's `result` holds
            the run up to there. The chip can run the next program.
        RunLimitError
            The program was stopped by `max_cycles` or `max_wall_s`; `result` as above.
        RemarkError
            The run is complete, but left remarks (`remarks` of the chip); `result` as above.
        InputError
            An argument is out of its range.
        KeyboardInterrupt
            Ctrl-C; the chip can run the next program.
        """
        self._prepare(program, hemisphere, core)
        max_cycles = _check_limits(max_cycles, max_wall_s)
        _check_trace(trace)
        with self.profiling((hemisphere,) if profile else ()):
            self.start(symbols=symbols, hemisphere=hemisphere)
            (result,) = self._run_to_end((hemisphere,), max_cycles, max_wall_s, trace)
        return result

    def run_both(
        self,
        top: Program | BuildResult | str | os.PathLike[str] | None = None,
        bottom: Program | BuildResult | str | os.PathLike[str] | None = None,
        *,
        symbols: Mapping[str, Any] | None = None,
        max_cycles: int = DEFAULT_MAX_CYCLES,
        max_wall_s: float = DEFAULT_MAX_WALL_S,
        core: str | None = None,
        profile: bool = False,
        trace: Trace | None = None,
    ) -> tuple[RunResult, RunResult]:
        """Run both processors at the same time, from their starts until both ended.

        Parameters
        ----------
        top, bottom : Program, BuildResult or path, optional
            Loaded first; with `top` alone, both load that one. With none, the loaded
            programs start again.
        symbols : mapping of str to value, optional
            Variables to write before the start, on both processors; use `write` for what
            differs.
        max_cycles, max_wall_s, core, profile, trace
            As in `run`, for both; both results have the one trace.

        Returns
        -------
        top, bottom : RunResult

        Raises
        ------
        KernelTrap, RunLimitError, RemarkError, InputError, KeyboardInterrupt
            As in `run`; `result` is that of the program that trapped or did not end.
        """
        for hemisphere, program in enumerate((top, bottom if bottom is not None else top)):
            self._prepare(program, hemisphere, core)
        max_cycles = _check_limits(max_cycles, max_wall_s)
        _check_trace(trace)
        with self.profiling(HEMISPHERES if profile else ()):
            for hemisphere in HEMISPHERES:
                self.start(symbols=symbols, hemisphere=hemisphere)
            first, second = self._run_to_end(HEMISPHERES, max_cycles, max_wall_s, trace)
        return first, second

    def call(
        self,
        function: str,
        *arguments: Any,
        program: Program | BuildResult | str | os.PathLike[str] | None = None,
        symbols: Mapping[str, Any] | None = None,
        hemisphere: int = 0,
        max_cycles: int = DEFAULT_MAX_CYCLES,
        max_wall_s: float = DEFAULT_MAX_WALL_S,
    ) -> CallResult:
        """Call one C function of a program, without its ``start``.

        Parameters
        ----------
        function : str
            Its name; it must not be inlined everywhere.
        *arguments
            Numbers; for pointers, NumPy arrays, which are put on the stack and hold what the
            function left there afterwards, or addresses. Vectors are passed as
            ``nux_vector_memory *``: arrays of 128 bytes or 64 halfwords, or several of them.
        program : Program, BuildResult or path, optional
            Loaded first. Without it, variables are as the last run or call left them.
        symbols : mapping of str to value, optional
            Variables to write before the call.
        hemisphere, max_cycles, max_wall_s
            As in `run`.

        Returns
        -------
        CallResult

        Raises
        ------
        InputError
            If the arguments do not fit the function.
        KernelTrap, RunLimitError, RemarkError, KeyboardInterrupt
            As in `run`.
        """
        self._prepare(program, hemisphere, None)
        max_cycles = _check_limits(max_cycles, max_wall_s)
        prepared = prepare_call(self.program(hemisphere), function, arguments)
        self.start(symbols=symbols, hemisphere=hemisphere)
        ppu = self.ppu[hemisphere]
        prepared.enter(ppu)
        (result,) = self._run_to_end((hemisphere,), max_cycles, max_wall_s, None)
        return prepared.finish(ppu, result)

    def debug(
        self,
        program: Program | BuildResult | str | os.PathLike[str] | None = None,
        *,
        hemispheres: Sequence[int] = (0,),
        symbols: Mapping[str, Any] | None = None,
        port: int = 0,
        announce: Callable[[str], object] = print,
    ) -> tuple[RunResult, ...]:
        """Run a program as GDB lets it, until it ends or GDB kills it.

        Each processor has a port of its own on the loopback address, for ``gdb-multiarch``. The
        program stands at its start until GDB continues it. The chip's time passes while every
        connected GDB has resumed its processor.

        Parameters
        ----------
        program : Program, BuildResult or path, optional
            Loaded first, on all processors of `hemispheres`; the loaded ones if not given.
        hemispheres : sequence of int
            Processors to run and debug: 0 (top), 1 (bottom).
        symbols : mapping of str to value, optional
            Variables to write before the start.
        port : int
            Port of the first processor, the following one of the second; 0 takes free ones.
        announce : callable
            Gets a text that says how to connect.

        Returns
        -------
        tuple of RunResult
            One for each processor; of a program that was killed, `stop` says where it was.

        Raises
        ------
        KernelTrap
            The program did something that no program may do, and GDB has let go of it.
        InputError
            An argument is out of its range, or a port is in use.
        KeyboardInterrupt
            Ctrl-C; the chip can run the next program.
        """
        from .debug import DebugSession

        chosen = check_hemispheres(hemispheres)
        for hemisphere in chosen:
            self._prepare(program, hemisphere, None)
        session = DebugSession(self, chosen, port)
        try:
            for hemisphere in chosen:
                self.start(symbols=symbols, hemisphere=hemisphere)
            announce(session.greeting(lambda h: str(self.program(h).path)))
            begin = time.perf_counter()
            session.serve()
            wall_s = time.perf_counter() - begin
        finally:
            session.close()
            for hemisphere in chosen:
                if self.is_running(hemisphere):
                    self.model.hold(hemisphere)
        results = tuple(self._result(hemisphere, wall_s) for hemisphere in chosen)
        for result in results:
            failure = error_of(result) if result.stop.reason.is_trap else None
            if failure is not None:
                raise failure
        return results

    def save_core(self, path: str | os.PathLike[str]) -> None:
        """Write the chip's state and its programs to a file, for ``nuxkit debug --post-mortem``."""
        from .debug import save_core

        save_core(self, path)

    def remarks(self, hemisphere: int = 0) -> tuple[Remark, ...]:
        """Return the remarks so far about a started program, whether it has ended or not."""
        return self._remarks(_hemisphere(hemisphere))

    def stack_use(self, hemisphere: int = 0) -> StackUse | None:
        """Return how deep the stack of a started program went so far."""
        return stack_use(self.program(hemisphere), self.ppu[hemisphere])

    def result(self, hemisphere: int = 0) -> RunResult:
        """Return the present state of a started program, whether it has ended or not."""
        return self._result(_hemisphere(hemisphere), 0.0)

    @contextmanager
    def profiling(self, hemispheres: Sequence[int]) -> Iterator[None]:
        """Count where cycles of processors go, in this context: see `nuxemu.Processor.profile`."""
        for hemisphere in hemispheres:
            self.ppu[hemisphere].set_profiling(True)
        try:
            yield
        finally:
            for hemisphere in hemispheres:
                self.ppu[hemisphere].set_profiling(False)

    def _prepare(
        self,
        program: Program | BuildResult | str | os.PathLike[str] | None,
        hemisphere: int,
        core: str | None,
    ) -> None:
        ppu = self.ppu[_hemisphere(hemisphere)]
        if core is not None:
            try:
                ppu.set_core(core)
            except ValueError as error:
                raise InputError(str(error)) from error
        if program is not None:
            self.load(program, hemisphere=hemisphere)
        self.program(hemisphere)

    def _run_to_end(
        self,
        hemispheres: tuple[int, ...],
        max_cycles: int,
        max_wall_s: float,
        trace: Trace | None,
    ) -> tuple[RunResult, ...]:
        """Run until the programs end; raise the errors of those that do not, and stop them."""
        buffer = trace.buffer() if trace else None
        with buffer.attached(self.model) if buffer else nullcontext():
            wall_s = self._run(max_cycles, hemispheres, max_wall_s)
        results = tuple(self._result(hemisphere, wall_s) for hemisphere in hemispheres)
        if trace and buffer:
            records = TraceRecords(trace, buffer, self.programs)
            results = tuple(replace(result, trace=records) for result in results)
        failures = []
        for result in results:
            failure = error_of(result)
            if failure is not None:
                self.model.hold(result.hemisphere)
                failures.append(failure)
        raise_first(failures)
        act_on(results, self._remarks_mode)
        return results

    def _run(self, cycles: int, awaited: tuple[int, ...], max_wall_s: float) -> float:
        """Let time pass; returns the wall time (s) that it took."""
        others = [h for h in HEMISPHERES if h not in awaited and self.is_running(h)]
        until = self.model.cycle + cycles
        begin = time.perf_counter()
        end, interrupted = run_interruptibly(
            lambda: self.model.run(until, awaited=awaited, max_wall_s=max_wall_s),
            self.model.interrupt,
        )
        wall_s = time.perf_counter() - begin
        if interrupted:
            for hemisphere in awaited:
                self.model.hold(hemisphere)
            raise KeyboardInterrupt
        failures = []
        for hemisphere in others:
            stop = self.ppu[hemisphere].stop
            trapped = end is ChipEnd.STOPPED and stop.reason.is_trap
            late = end is ChipEnd.WALL_LIMIT and stop.reason is StopReason.WALL_LIMIT
            if self._programs[hemisphere] is not None and (trapped or late):
                failure = error_of(self._result(hemisphere, wall_s))
                assert failure is not None
                failures.append(failure)
        raise_first(failures)
        return wall_s

    def _remarks(self, hemisphere: int) -> tuple[Remark, ...]:
        program, ppu = self.program(hemisphere), self.ppu[hemisphere]
        found = [(site, program.statement(site.pc)) for site in ppu.sites()]
        rows_read = {_line(at) for site, at in found if site.kind is SiteKind.ON_NEURONS} - {None}
        remarks = [
            Remark(kind, site.pc, at, site.count, hemisphere)
            for site, at in found
            if (kind := meant_kind(program, site, _line(at) in rows_read)) is not None
        ]
        floats = [remark for remark in remarks if remark.kind is SiteKind.FLOAT]
        remarks = [remark for remark in remarks if remark.kind is not SiteKind.FLOAT]
        remarks += float_calls(program, ppu, floats, hemisphere)
        remarks += about_stack(program, ppu, hemisphere)
        if ppu.checks is Checks.STRICT or all(r.kind is not SiteKind.EMPTY_MASK for r in remarks):
            return tuple(joined(program, remarks))
        # A mask may be empty at times, also in one of the copies that the compiler made of a loop.
        code = (pc for s in program.segments if s.executable for pc in range(s.address, s.end, 4))
        met = {_line(program.source_location(pc)) for pc in code if ppu.mask_was_met(pc)} - {None}

        def is_meant(remark: Remark) -> bool:
            return remark.kind is SiteKind.EMPTY_MASK and (
                ppu.mask_was_met(remark.pc) or _line(remark.location) in met
            )

        return tuple(joined(program, (remark for remark in remarks if not is_meant(remark))))

    def _result(self, hemisphere: int, wall_s: float) -> RunResult:
        loaded, ppu = self.program(hemisphere), self.ppu[hemisphere]
        stop, registers = ppu.stop, ppu.registers()
        frames: tuple[Any, ...] = ()
        if stop.reason is not StopReason.FINISHED:
            pc = stop.from_pc if stop.reason is StopReason.FETCH else stop.pc

            def read_word(address: int) -> int:
                return int.from_bytes(ppu.read(address, 4), "big")

            stack = loaded.call_stack(pc, registers["lr"], registers["gpr"][1], read_word)
            frames = tuple(stack)
        return RunResult(
            program=loaded,
            hemisphere=hemisphere,
            stop=stop,
            cycles=ppu.cycles,
            instructions=ppu.instructions,
            wall_time_s=wall_s,
            registers=registers,
            vector_registers=ppu.vector_registers.copy(),
            call_stack=frames,
            remarks=self._remarks(hemisphere),
            unlisted_remarks=ppu.unlisted_events,
            stack=stack_use(loaded, ppu),
            memory={
                mm.SRAM_BASE: ppu.read(mm.SRAM_BASE, mm.SRAM_SIZE),
                mm.EXTMEM_DATA_BASE: ppu.read(mm.EXTMEM_DATA_BASE, mm.EXTMEM_SIZE),
            },
            profile=Profile(loaded, hemisphere, ppu.profile()) if ppu.is_profiling else None,
        )


def _line(location: SourceLocation | None) -> tuple[str, int] | None:
    return (location.file, location.line) if location else None


def _code_end(program: Program) -> int:
    """End of the program's code in SRAM."""
    return max(
        (s.end for s in program.segments if s.executable and s.address < mm.SRAM_SIZE), default=0
    )


def _check_integer(name: str, value: Any, low: int) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not low <= value <= _MAX_INTEGER:
        raise InputError(f"{name} is {value!r}, but must be an integer from {low} to 2**63 - 1")
    return int(value)


def _check_wall_time(max_wall_s: float) -> None:
    if not (isinstance(max_wall_s, _REALS) and max_wall_s > 0):
        raise InputError(f"max_wall_s is {max_wall_s!r}, but must be a time above 0 s")


def _check_limits(max_cycles: int, max_wall_s: float) -> int:
    _check_wall_time(max_wall_s)
    return _check_integer("max_cycles", max_cycles, 1)


def raise_first(failures: Sequence[NuxkitError]) -> None:
    """Raise the first error, if there is one; the others, of the same step, are notes of it."""
    for other in failures[1:]:
        failures[0].add_note(f"the other processor, too: {other}")
    if failures:
        raise failures[0]


def _check_trace(trace: Trace | None) -> None:
    if trace is not None and not isinstance(trace, Trace):
        raise InputError(f"trace is {trace!r}, but must be a nuxkit.Trace")


def _hemisphere(hemisphere: int) -> int:
    if hemisphere not in (0, 1):
        raise InputError(f"hemisphere is {hemisphere!r}, but must be 0 (top) or 1 (bottom)")
    return hemisphere


def check_hemispheres(hemispheres: Sequence[int]) -> tuple[int, ...]:
    """Check for at least one hemisphere, each once."""
    chosen = tuple(_hemisphere(hemisphere) for hemisphere in hemispheres)
    if not chosen or len(set(chosen)) != len(chosen):
        raise InputError(f"hemispheres are {hemispheres!r}, but must be 0, 1 or both")
    return chosen


def _as_program(program: Program | BuildResult | str | os.PathLike[str]) -> Program:
    if isinstance(program, Program):
        return program
    if isinstance(program, str | os.PathLike):
        return Program.load(Path(program))
    built = getattr(program, "program", None)
    if not isinstance(built, Program):
        raise InputError(
            f"program is {program!r}, but must be a program, the result of a build or a path"
        )
    return built
