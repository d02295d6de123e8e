# SPDX-License-Identifier: BSD-3-Clause
"""A chip whose time passes as debuggers let it."""

from __future__ import annotations

import selectors
import shlex
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from nuxemu import ChipEnd
from nuxkit.chip import Chip
from nuxkit.errors import InputError
from nuxkit.hemispheres import HEMISPHERE_NAMES

from .packets import ACK, BAD_CHECKSUM, INTERRUPT, MAX_PACKET, PacketError, PacketReader, encode
from .stub import EXITED, Stub

#: The only address that stubs listen on.
LOOPBACK = "127.0.0.1"
#: What GDB is to read first.
COMMANDS = Path(__file__).with_name("nuxkit.gdb")
#: Wall time (s) for which the chip runs before connections are looked at.
_SLICE_S = 0.05
_FAR = 1 << 62
_LAST_PORT = 65535


class _Connection:
    """One processor's stub, its listening socket, and the debugger that is connected."""

    def __init__(self, stub: Stub, hemisphere: int, port: int) -> None:
        self.stub, self.hemisphere = stub, hemisphere
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.listener.bind((LOOPBACK, port))
        except OSError as error:
            self.listener.close()
            raise InputError(
                f"port {port} of {LOOPBACK} cannot be used: {error.strerror}"
            ) from error
        self.listener.listen(1)
        self.port: int = self.listener.getsockname()[1]
        self.client: socket.socket | None = None
        self._reader, self._last = PacketReader(), b""

    def accept(self) -> None:
        """Take a debugger; a second one is turned away."""
        client, _ = self.listener.accept()
        if self.client is not None:
            client.close()
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client, self._reader = client, PacketReader()
        self.stub.no_acks = self.stub.running = self.stub.detached = False

    def drop(self) -> None:
        """Let go of the debugger."""
        if self.client is not None:
            self.client.close()
            self.stub.lose()
        self.client = None

    def send(self, payload: bytes) -> None:
        """Send a packet."""
        self._last = encode(payload)
        self._raw(self._last)

    def _raw(self, data: bytes) -> None:
        if self.client is None:
            return
        try:
            self.client.sendall(data)
        except OSError:
            self.drop()

    def receive(self) -> None:
        """Read what came, and answer it."""
        assert self.client is not None
        try:
            data = self.client.recv(2 * MAX_PACKET)
            if not data:
                raise ConnectionResetError
            for item in self._reader.feed(data):
                self._take(item)
        except (OSError, PacketError):
            self.drop()

    def _take(self, item: bytes | str) -> None:
        stub = self.stub
        if item == INTERRUPT:
            if stub.running:
                self.send(stub.interrupt())
        elif item == BAD_CHECKSUM:
            self._raw(b"-")
        elif isinstance(item, bytes):
            if not stub.no_acks:
                self._raw(b"+")
            answer = stub.answer(item)
            if answer is not None:
                self.send(answer)
        elif item != ACK:
            self._raw(self._last)


class DebugSession:
    """Stubs of one or two processors whose programs were loaded.

    Time passes while every connected debugger has resumed its processor, and while none is
    connected any more after one has detached; the next one that connects stops it again. A
    debugger that is lost leaves its processor where it is, for another one to connect.

    Parameters
    ----------
    chip : Chip
        With programs that have been started.
    hemispheres : sequence of int
        Processors to debug, 0 top, 1 bottom.
    port : int
        Port of the first one on the loopback address, the next one of the second; 0 takes free
        ones.
    post_mortem : bool
        The chip is from a saved core: everything can be looked at, nothing runs.

    Attributes
    ----------
    ports : dict of int to int
        Port by hemisphere.
    """

    def __init__(
        self,
        chip: Chip,
        hemispheres: Sequence[int] = (0,),
        port: int = 0,
        *,
        post_mortem: bool = False,
    ) -> None:
        last = _LAST_PORT + 1 - len(hemispheres)
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= last:
            raise InputError(f"port is {port!r}, but must be an integer from 0 to {last}")
        self._chip, self._post_mortem = chip, post_mortem
        self._connections: list[_Connection] = []
        self.ports: dict[int, int] = {}
        try:
            for number, hemisphere in enumerate(hemispheres):
                stub = Stub(chip, hemisphere, post_mortem=post_mortem)
                wanted = port + number if port else 0
                self._connections.append(_Connection(stub, hemisphere, wanted))
        except BaseException:
            self.close()
            raise
        self.ports = {each.hemisphere: each.port for each in self._connections}
        for hemisphere in hemispheres:
            chip.ppu[hemisphere].set_debugging(True)

    def close(self) -> None:
        """Close all sockets, and let the processors run without a debugger again."""
        for each in self._connections:
            each.drop()
            each.listener.close()
        for hemisphere in self.ports:
            self._chip.ppu[hemisphere].set_debugging(False)

    def greeting(self, program: Callable[[int], str]) -> str:
        """Tell how to connect, a line for each processor."""
        return "\n".join(
            f"{HEMISPHERE_NAMES[hemisphere]} processor: "
            f"gdb-multiarch {shlex.quote(program(hemisphere))} -x {shlex.quote(str(COMMANDS))} "
            f'-ex "target remote {LOOPBACK}:{port}"'
            for hemisphere, port in self.ports.items()
        )

    def serve(self, until: int = _FAR) -> None:
        """Serve debuggers until all programs have ended, or one was killed.

        Of a saved core: until the debuggers have gone.

        Parameters
        ----------
        until : int
            Cycle of the chip's clock at which this ends too.
        """
        while not self._is_over() and self._chip.model.cycle < until:
            self._poll(0 if self._time_passes() else None)
            if self._time_passes():
                self._run(until)

    @property
    def killed(self) -> bool:
        """Whether a debugger has ended the run."""
        return any(each.stub.killed for each in self._connections)

    def tell_end(self) -> None:
        """Tell debuggers that wait for their processor that there is no more time for it."""
        for each in self._connections:
            if each.stub.running:
                each.stub.running = False
                each.send(EXITED)

    def _is_over(self) -> bool:
        stubs = [each.stub for each in self._connections]
        if self.killed:
            return True
        if self._post_mortem:
            return all(stub.detached for stub in stubs)
        return all(stub.ended and not stub.running for stub in stubs) or (
            any(stub.trapped for stub in stubs)
            and all(each.stub.detached or each.client is None for each in self._connections)
            and any(stub.detached for stub in stubs)
        )

    def _time_passes(self) -> bool:
        if self._post_mortem or self._is_over():
            return False
        waiting = [
            not each.stub.running and not each.stub.ended
            for each in self._connections
            if each.client is not None and not each.stub.detached
        ]
        begun = any(each.stub.running or each.stub.detached for each in self._connections)
        return begun and not any(waiting)

    def _poll(self, timeout_s: float | None) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._connections:
                selector.register(each.listener, selectors.EVENT_READ, each.accept)
                if each.client is not None:
                    selector.register(each.client, selectors.EVENT_READ, each.receive)
            ready = [key.data for key, _ in selector.select(timeout_s)]
        for each in self._connections:  # what was sent first: it may end there
            if each.receive in ready:
                each.receive()
            elif each.accept in ready:
                each.accept()
        for each in self._connections:
            if each.stub.detached and each.client is not None:
                each.drop()

    def _run(self, until: int) -> None:
        hemispheres = tuple(each.hemisphere for each in self._connections)
        end = self._chip.model.run(until, awaited=hemispheres, max_wall_s=_SLICE_S)
        if end is ChipEnd.REACHED and until == _FAR:
            raise InputError("the end of the chip's clock was reached")
        for each in self._connections:
            reply = each.stub.stopped()
            if reply is not None:
                each.send(reply)
