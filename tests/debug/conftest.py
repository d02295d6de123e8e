# SPDX-License-Identifier: BSD-3-Clause
"""A rule to debug, GDB sessions, and a client that speaks the protocol itself."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading

import pytest

import nuxkit
from nuxkit.debug.packets import PacketReader, encode

RULE = """\
#include <nux/nux.h>
nux_vector_memory memory;
volatile uint32_t count;
volatile uint32_t rows = 4;
__attribute__((noinline)) void rule(uint32_t row) {
    nux_vector weight = fxvinx(NUX_VECTOR_WEIGHT, 2 * row);
    weight = fxvaddbm(weight, nux_splat8(3));
    nux_store(weight, &memory);
    fxvoutx(weight, NUX_VECTOR_WEIGHT, 2 * row);
    count++;
}
int start(void) {
    for (uint32_t row = 0; row < rows; row++) {
        rule(row);
    }
    return 7;
}
"""

ENDLESS = "volatile int n;\nint start(void) { for (;;) n++; }\n"
TRAPPING = """\
volatile int *volatile nowhere = (volatile int *)0x10000000;
__attribute__((noinline)) int fetch(int depth) {
    int found = *nowhere + depth; /* line 3 */
    return found;
}
int start(void) { return fetch(5) + 1; }
"""


@pytest.fixture
def build(tmp_path):
    """Build a kernel's text."""

    def make(text: str, name: str = "rule.c"):
        (tmp_path / name).write_text(text)
        return nuxkit.build(tmp_path / name).program

    return make


def port_in(greeting: str) -> list[int]:
    """Ports that a greeting names."""
    return [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", greeting)]


class Gdb:
    """Runs ``gdb-multiarch`` with commands, beside the session that it debugs."""

    def __init__(self, program, commands, read=None):
        self._arguments = ["gdb-multiarch", "-nx", "-batch", str(program.path)]
        self._arguments += ["-x", str(read)] if read else []
        self._commands = ["set pagination off", "set confirm off", *commands]
        self.output = ""

    def attach(self, greeting: str) -> None:
        """Start; to be given as `announce`."""
        (port,) = port_in(greeting)
        commands = ["set tcp auto-retry off", f"target remote 127.0.0.1:{port}", *self._commands]
        arguments = self._arguments + [word for each in commands for word in ("-ex", each)]

        def run():
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
            self.output = done.stdout + done.stderr

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def wait(self) -> str:
        """What GDB printed."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.output


class Client:
    """A debugger that sends packets as it is told."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._reader, self._items = PacketReader(), []

    def raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes | None:
        """Next packet; None when the other side has closed."""
        while True:
            while self._items:
                item = self._items.pop(0)
                if isinstance(item, bytes):
                    self.raw(b"+")
                    return item
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:  # closed before it had read our last acknowledgement
                return None
            if not data:
                return None
            self._items += self._reader.feed(data)

    def ask(self, payload: bytes) -> bytes | None:
        self.raw(encode(payload))
        return self.receive()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def beside():
    """Run a client's part of a session in another thread; its errors fail the test."""
    threads, errors = [], []

    def start(function):
        def announce(greeting: str) -> None:
            def run():
                try:
                    function(*port_in(greeting))
                except BaseException as error:
                    errors.append(error)
                    for port in port_in(greeting):  # ends the session
                        with contextlib.suppress(OSError):
                            Client(port).raw(encode(b"k"))

            thread = threading.Thread(target=run)
            threads.append(thread)
            thread.start()

        return announce

    yield start
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    if errors:
        raise errors[0]
