# SPDX-License-Identifier: BSD-3-Clause
"""GDB's remote protocol for one processor: answers to packets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nuxemu import DebugEvent, StopReason, Watch
from nuxemu import memory_map as mm
from nuxkit.chip import Chip
from nuxkit.errors import NuxkitError
from nuxkit.traps import error_of

from . import memory, target
from .packets import MAX_PACKET, PacketError, number, numbers, unhex

# GDB's own numbers of signals.
_SIGINT, _SIGILL, _SIGTRAP, _SIGABRT, _SIGBUS, _SIGSEGV = 2, 4, 5, 6, 10, 11
_SIGNALS = {
    StopReason.UNDEFINED_INSTRUCTION: _SIGILL,
    StopReason.MISALIGNED: _SIGBUS,
    StopReason.OUT_OF_RANGE: _SIGSEGV,
    StopReason.UNKNOWN_BUS_ADDRESS: _SIGSEGV,
    StopReason.UNKNOWN_VECTOR_ADDRESS: _SIGSEGV,
    StopReason.FETCH: _SIGSEGV,
    StopReason.STACK_OVERFLOW: _SIGSEGV,
    StopReason.TRAP_INSTRUCTION: _SIGTRAP,
}
_WATCH_TYPES = {2: ("watch", False, True), 3: ("rwatch", True, False), 4: ("awatch", True, True)}
_SUPPORTED = "PacketSize=%x;qXfer:features:read+;hwbreak+;vContSupported+;QStartNoAckMode+"
_HELP = (
    "time           cycles and hardware time\n"
    "weights ROW    weights of a row, 256 columns\n"
    "trap           why the program was stopped, in words\n"
)
_ERROR = b"E01"
#: Stop reply of a program that has ended, without a return code of its own.
EXITED = b"W00"


def _address(text: bytes) -> int:
    address = number(text)
    if address >= 1 << 32:
        raise PacketError(f"no address: 0x{address:x}")
    return address


class Stub:
    """What GDB knows of one processor, and may do with it.

    Attributes
    ----------
    running : bool
        GDB has resumed it, and was not told of a stop since.
    detached, killed : bool
        GDB has let go of the program, or ended it.
    no_acks : bool
        Packets are not acknowledged any more.
    """

    def __init__(self, chip: Chip, hemisphere: int, *, post_mortem: bool = False) -> None:
        self._chip, self._hemisphere, self._post_mortem = chip, hemisphere, post_mortem
        self._ppu, self._array = chip.ppu[hemisphere], chip.synram[hemisphere]
        self._breakpoints: set[int] = set()
        self._watches: dict[tuple[int, int, int], Watch] = {}
        self.running = self.detached = self.killed = self.no_acks = False
        self._stop = b"T%02xthread:1;" % _SIGTRAP

    # --- the run -----------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """The program has ended by itself."""
        return self._ppu.stop.reason is StopReason.FINISHED and not self._chip.is_running(
            self._hemisphere
        )

    @property
    def trapped(self) -> bool:
        """The program did what no program may do."""
        return self._ppu.stop.reason.is_trap

    def interrupt(self) -> bytes:
        """Stop at GDB's wish; the stop reply."""
        self.running, self._stop = False, b"T%02xthread:1;" % _SIGINT
        return self._stop_reply()

    def stopped(self) -> bytes | None:
        """Stop reply, if the last run ended here for a reason of this processor."""
        if not self.running:
            return None
        met = self._ppu.debug_event[0] is not DebugEvent.NOTHING
        if not (self.ended or self.trapped or met):
            return None
        self.running, self._stop = False, self._event()
        return self._stop_reply()

    def _stop_reply(self) -> bytes:
        if self.ended:
            return b"W%02x" % (self._chip.result(self._hemisphere).return_code & 0xFF)
        if self.trapped:
            return b"T%02xthread:1;" % _SIGNALS.get(self._ppu.stop.reason, _SIGABRT)
        return self._stop

    def _event(self) -> bytes:
        event, watch, address = self._ppu.debug_event
        if event is DebugEvent.WATCH:
            (kind, first, _), watched = list(self._watches.items())[watch]
            if watched.weights:
                address += memory.WEIGHTS_BASE
            name = _WATCH_TYPES[kind][0]
            return b"T%02x%s:%x;thread:1;" % (_SIGTRAP, name.encode(), max(address, first))
        if event is DebugEvent.BREAKPOINT:
            return b"T%02xhwbreak:;thread:1;" % _SIGTRAP
        return b"T%02xthread:1;" % _SIGTRAP

    def _resume(self, step: bool) -> bytes | None:
        if self._post_mortem:
            return b"E.this is a saved core: nothing can run"
        if self.ended:
            return self._stop_reply()
        if self.trapped:
            self.detached = True
            return b"X%02x" % _SIGNALS.get(self._ppu.stop.reason, _SIGABRT)
        self.running = True
        self._ppu.resume(step=step)
        return None

    # --- packets -----------------------------------------------------------------------

    def answer(self, packet: bytes) -> bytes | None:
        """Answer to a packet; None if it comes later, with the next stop."""
        try:
            return self._answer(packet)
        except (PacketError, memory.NoMemoryError):
            return _ERROR

    def _answer(self, packet: bytes) -> bytes | None:
        command, rest = packet[:1], packet[1:]
        simple: dict[bytes, Callable[[bytes], bytes]] = {
            b"g": lambda _: b"".join(r.read(self._ppu) for r in target.registers()).hex().encode(),
            b"G": self._write_registers,
            b"p": lambda rest: self._register(rest).read(self._ppu).hex().encode(),
            b"P": self._write_register,
            b"m": self._read_memory,
            b"M": self._write_memory,
            b"X": self._write_memory,
            b"Z": lambda rest: self._point(rest, insert=True),
            b"z": lambda rest: self._point(rest, insert=False),
            b"?": lambda _: self._stop_reply(),
            b"H": lambda _: b"OK",
            b"T": lambda _: b"OK",
            b"q": self._query,
            b"Q": self._set,
        }
        if command == b"M":
            head, _, data = rest.partition(b":")
            rest = head + b":" + unhex(data)
        if command in simple:
            return simple[command](rest)
        if command in (b"c", b"s"):
            if rest:
                self._ppu.set_registers(pc=_address(rest) & ~3)
            return self._resume(command == b"s")
        if command in (b"C", b"S"):  # with a signal, which there is none of here
            return self._resume(command == b"S")
        if command == b"v":
            return self._v_packet(packet)
        if command == b"D":
            return self._detach()
        if command == b"k":
            self.killed = True
            return None
        return b""

    def _v_packet(self, packet: bytes) -> bytes | None:
        if packet == b"vCont?":
            return b"vCont;c;C;s;S"
        if packet.startswith(b"vCont;"):
            action = packet[6:7]
            if action not in (b"c", b"C", b"s", b"S"):
                raise PacketError("no such action")
            return self._resume(action in (b"s", b"S"))
        if packet.startswith(b"vKill"):
            self.killed = True
            return b"OK"
        return b""

    def _query(self, rest: bytes) -> bytes:
        if rest.startswith(b"Supported"):
            return (_SUPPORTED % MAX_PACKET).encode()
        if rest.startswith(b"Xfer:features:read:target.xml:"):
            offset, length = numbers(rest.rpartition(b":")[2], 2)
            part = target.description()[offset : offset + min(length, MAX_PACKET // 2)]
            more = offset + len(part) < len(target.description())
            return (b"m" if more else b"l") + part
        if rest.startswith(b"Rcmd,"):
            return self._monitor(unhex(rest[5:]).decode("utf-8", "replace")).encode().hex().encode()
        return {
            b"C": b"QC1",
            b"Attached": b"1",
            b"fThreadInfo": b"m1",
            b"sThreadInfo": b"l",
        }.get(rest, b"")

    def _set(self, rest: bytes) -> bytes:
        if rest != b"StartNoAckMode":
            return b""
        self.no_acks = True
        return b"OK"

    # --- registers and memory ----------------------------------------------------------

    def _register(self, text: bytes) -> target.Register:
        index = number(text)
        if index >= len(target.registers()):
            raise PacketError(f"no register {index}")
        return target.registers()[index]

    def _write_register(self, rest: bytes) -> bytes:
        index, _, value = rest.partition(b"=")
        self._put(self._register(index), unhex(value))
        return b"OK"

    def _write_registers(self, rest: bytes) -> bytes:
        data = unhex(rest)
        if len(data) != sum(register.size for register in target.registers()):
            raise PacketError("not the size of all registers")
        for register in target.registers():
            self._put(register, data[: register.size])
            data = data[register.size :]
        return b"OK"

    def _put(self, register: target.Register, data: bytes) -> None:
        if len(data) != register.size:
            raise PacketError(f"{len(data)} bytes for {register.name}")
        register.write(self._ppu, data)

    def _read_memory(self, rest: bytes) -> bytes:
        address, size = numbers(rest, 2)
        data = memory.read(self._ppu, self._array, address, min(size, MAX_PACKET // 2))
        return data.hex().encode()

    def _write_memory(self, rest: bytes) -> bytes:
        head, _, data = rest.partition(b":")
        address, size = numbers(head, 2)
        if size != len(data):
            raise PacketError(f"{len(data)} bytes instead of {size}")
        if size:  # X with none asks whether X is known
            memory.write(self._ppu, self._array, address, data)
        return b"OK"

    # --- breakpoints and watchpoints ---------------------------------------------------

    def _point(self, rest: bytes, *, insert: bool) -> bytes:
        kind, address, size = numbers(rest.partition(b";")[0], 3)
        _address(b"%x" % address)
        if kind in (0, 1):
            points = self._breakpoints | {address} if insert else self._breakpoints - {address}
            self._guarded(lambda: self._ppu.set_breakpoints(sorted(points)))
            self._breakpoints = points
            return b"OK"
        if kind not in _WATCH_TYPES:
            return b""
        if not 0 < size <= 1 << 32:
            raise PacketError("nothing to watch")
        _, reads, writes = _WATCH_TYPES[kind]
        if address < memory.LABELS_BASE + memory.ARRAY_SIZE and address + size > memory.LABELS_BASE:
            raise PacketError("labels cannot be watched")
        base = memory.WEIGHTS_BASE
        weights = base <= address < base + memory.ARRAY_SIZE
        first = address - base if weights else address
        size = min(size, (memory.ARRAY_SIZE if weights else 1 << 32) - first, (1 << 32) - 1)
        watches = dict(self._watches)
        if insert:
            watches[kind, address, size] = Watch(first, size, weights, reads, writes)
        else:
            watches.pop((kind, address, size), None)
        self._guarded(lambda: self._ppu.set_watches(list(watches.values())))
        self._watches = watches
        return b"OK"

    @staticmethod
    def _guarded(change: Callable[[], None]) -> None:
        try:
            change()
        except ValueError as error:
            raise PacketError(str(error)) from error

    def lose(self) -> None:
        """Stay as it is without the debugger, and without the points that it has put in."""
        self.running = False
        self._breakpoints, self._watches = set(), {}
        self._ppu.set_breakpoints([])
        self._ppu.set_watches([])

    def _detach(self) -> bytes:
        self.lose()
        self.detached = True
        if not self._post_mortem:
            self._ppu.resume()
        return b"OK"

    # --- monitor -----------------------------------------------------------------------

    def _monitor(self, command: str) -> str:
        words = command.split()
        if words == ["time"]:
            cycles = self._ppu.cycles
            return f"{cycles} cycles, {1e6 * self._chip.time_s:.3f} us of the chip's time\n"
        if words == ["trap"]:
            try:
                error = error_of(self._chip.result(self._hemisphere)) if self.trapped else None
            except NuxkitError as damage:  # of the program's debug information
                error = damage
            return f"{error or 'the program has not trapped'}\n"
        if len(words) == 2 and words[0] == "weights" and words[1].isascii():
            try:
                row = int(words[1], 0)
            except ValueError:
                row = -1
            if 0 <= row < mm.NUM_ROWS:
                return "".join(self._weight_rows(row))
            return f"no row {words[1]}; there are 0 to {mm.NUM_ROWS - 1}\n"
        return _HELP

    def _weight_rows(self, row: int) -> Iterator[str]:
        for first in range(0, mm.NUM_COLUMNS, 16):
            values = self._array.weights[row, first : first + 16]
            yield f"{first:>3}: " + " ".join(f"{int(weight):2}" for weight in values) + "\n"
