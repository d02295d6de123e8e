# SPDX-License-Identifier: BSD-3-Clause
"""What a debugger may send: streams of damaged packets, and packets that nobody should send."""

from pathlib import Path
from random import Random

from fuzz.mutation import INTERESTING, mutate
from nuxkit import Chip
from nuxkit.debug.packets import PacketError, PacketReader, encode
from nuxkit.debug.stub import Stub

#: Counts at WATCHED for ever: addi 3,3,1; stw 3,WATCHED(0); b .-8.
WATCHED = 0x100
_CODE = b"".join(
    word.to_bytes(4, "big") for word in (0x3863_0001, 0x9060_0000 | WATCHED, 0x4BFF_FFF8)
)
_WORDS = (
    b"?", b"g", b"G", b"p20", b"P20=", b"m", b"M", b"X", b"Z0,", b"Z1,", b"Z2,", b"Z3,", b"Z4,",
    b"z0,", b"z2,", b"c", b"s", b"C05", b"vCont?", b"vCont;", b"vCont;s", b"vKill;1", b"D", b"k",
    b"qSupported:", b"qXfer:features:read:target.xml:0,", b"qRcmd,", b"QStartNoAckMode", b"H", b"T",
    b"qC", b"qfThreadInfo",
)  # fmt: skip


def _any(rng: Random) -> bytes:
    numbers = [
        b"%x" % (rng.choice(INTERESTING) + rng.randrange(-4, 300) & (1 << 33) - 1)
        for _ in range(rng.randrange(4))
    ]
    payload = rng.choice(_WORDS) + rng.choice((b",", b":", b";")).join(numbers)
    if rng.random() < 0.3:
        payload += b":" + rng.randbytes(rng.randrange(40)).hex().encode()
    return payload


def _memory_access(rng: Random) -> bytes:
    """A packet of sound form, with an address that may not exist."""
    address = rng.choice(
        (WATCHED, rng.randrange(0x4000), rng.choice(INTERESTING), rng.getrandbits(32))
    )
    size = rng.choice((0, 1, 2, 4, 64, rng.randrange(3000), rng.choice(INTERESTING)))
    data = rng.randbytes(min(size, 100))
    kind = rng.randrange(4)
    if kind == 0:
        return b"m%x,%x" % (address, size)
    if kind == 1:
        return b"M%x,%x:" % (address, size) + data.hex().encode()
    if kind == 2:
        return b"X%x,%x:" % (address, size) + data
    return b"%c%d,%x,%x" % (rng.choice(b"Zz"), rng.randrange(5), address, size)


class Packets:
    """Streams for one stub, cut into pieces."""

    name = "packets"
    unit = "streams"
    full_run = 200_000

    def __init__(self, folder: Path) -> None:
        self._chip = Chip()

    def make(self, rng: Random, case: int) -> bytes:
        stream = bytearray()
        for _ in range(rng.randrange(1, 8)):
            payload = _memory_access(rng) if rng.random() < 0.3 else _any(rng)
            stream += rng.choice((b"", b"+", b"-", b"\x03")) + encode(payload)
        if rng.random() < 0.5:
            mutate(rng, stream, [])
        return bytes(stream)

    def check(self, data: bytes, rng: Random, case: int) -> int:
        chip = self._chip
        chip.model.hold(0)
        chip.ppu[0].set_debugging(True)
        chip.ppu[0].write(0, _CODE)
        chip.model.start(0)
        stub, reader = Stub(chip, 0), PacketReader()
        try:
            while data:
                n = rng.randrange(1, len(data) + 1)
                for item in reader.feed(data[:n]):
                    answer = stub.answer(item) if isinstance(item, bytes) else None
                    assert answer is None or isinstance(answer, bytes)
                    if stub.running:
                        chip.model.run(chip.model.cycle + 200)
                        assert stub.stopped() is None or not stub.running
                    if rng.random() < 0.02:
                        stub.lose()
                data = data[n:]
        except PacketError:
            pass  # the connection is closed then
        return 1
