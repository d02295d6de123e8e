# SPDX-License-Identifier: BSD-3-Clause
"""Packets of GDB's remote serial protocol: ``$payload#checksum``.

The protocol: GDB's manual, appendix "Remote Serial Protocol". What comes in is not trusted: a
packet is never longer than `MAX_PACKET`.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Bytes of the longest payload in each direction.
MAX_PACKET = 0x8000
_ESCAPE, _ESCAPED = 0x7D, frozenset(b"$#}*")

ACK, NACK, INTERRUPT = "ack", "nack", "interrupt"


class PacketError(ValueError):
    """What came is no packet of the protocol."""


def encode(payload: bytes) -> bytes:
    """Packet with this payload."""
    body = bytearray()
    for byte in payload:
        if byte in _ESCAPED:
            body += bytes((_ESCAPE, byte ^ 0x20))
        else:
            body.append(byte)
    return b"$%s#%02x" % (bytes(body), sum(body) & 0xFF)


def _decode(body: bytes) -> bytes:
    """Payload of a packet's body. GDB sends no run lengths."""
    payload, escaped = bytearray(), False
    for byte in body:
        if escaped:
            payload.append(byte ^ 0x20)
            escaped = False
        elif byte == _ESCAPE:
            escaped = True
        else:
            payload.append(byte)
    if escaped:
        raise PacketError("a packet ends in its escape character")
    return bytes(payload)


class PacketReader:
    """Takes a stream apart, however it is cut into pieces."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> Iterator[bytes | str]:
        """Give the payloads, and `ACK`, `NACK` and `INTERRUPT`, that these bytes complete.

        A packet with a wrong checksum is given as `NACK` of our own: the sender is to repeat it.

        Raises
        ------
        PacketError
            A packet is too long, or malformed.
        """
        self._pending += data
        while self._pending:
            first = self._pending[0]
            if first != ord("$"):
                self._pending = self._pending[1:]
                if first in b"+-\x03":
                    yield {ord("+"): ACK, ord("-"): NACK, 3: INTERRUPT}[first]
                continue
            end = self._pending.find(b"#")
            if (end if end >= 0 else len(self._pending)) > 2 * MAX_PACKET:
                raise PacketError(f"a packet has more than {MAX_PACKET} bytes")
            if end < 0 or len(self._pending) < end + 3:
                return
            body, checksum = self._pending[1:end], self._pending[end + 1 : end + 3]
            self._pending = self._pending[end + 3 :]
            try:
                wanted = int(checksum, 16)
            except ValueError:
                wanted = -1
            yield _decode(body) if sum(body) & 0xFF == wanted else BAD_CHECKSUM


#: Given by `PacketReader.feed` for a packet that was damaged on its way.
BAD_CHECKSUM = "bad checksum"


def number(text: bytes) -> int:
    """Value of an unsigned hexadecimal number of at most 16 digits."""
    if not text or len(text) > 16 or any(byte not in b"0123456789abcdefABCDEF" for byte in text):
        raise PacketError(f"no number: {text[:20]!r}")
    return int(text, 16)


def numbers(text: bytes, count: int, separator: bytes = b",") -> list[int]:
    """Values of numbers with a separator between them."""
    parts = text.split(separator)
    if len(parts) != count:
        raise PacketError(f"{len(parts)} numbers instead of {count}")
    return [number(part) for part in parts]


def unhex(text: bytes) -> bytes:
    """Bytes from pairs of digits."""
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError as error:
        raise PacketError(f"no hexadecimal bytes: {text[:20]!r}") from error
