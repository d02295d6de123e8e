# SPDX-License-Identifier: BSD-3-Clause
"""What a debugger may send: streams of damaged packets, and packets that nobody should send."""

from pathlib import Path
from random import Random

from fuzz.mutation import INTERESTING, mutate
from nuxkit import Chip
from nuxkit.debug.packets import PacketError, PacketReader, encode
from nuxkit.debug.stub import Stub

_WORDS = (
    b"?", b"g", b"G", b"p20", b"P20=", b"m", b"M", b"X", b"Z0,", b"Z1,", b"Z2,", b"Z3,", b"Z4,",
    b"z0,", b"z2,", b"c", b"s", b"C05", b"vCont?", b"vCont;", b"vCont;s", b"vKill;1", b"D", b"k",
    b"qSupported:", b"qXfer:features:read:target.xml:0,", b"qRcmd,", b"QStartNoAckMode", b"H", b"T",
    b"qC", b"qfThreadInfo",
)  # fmt: skip


class Packets:
    """Streams for one stub, cut into pieces."""

    name = "packets"
    unit = "streams"
    full_run = 200_000

    def __init__(self, folder: Path) -> None:
        self._chip = Chip()
        self._chip.ppu[0].set_debugging(True)

    def make(self, rng: Random, case: int) -> bytes:
        stream = bytearray()
        for _ in range(rng.randrange(1, 8)):
            numbers = [b"%x" % (rng.choice(INTERESTING) + rng.randrange(-4, 300) & (1 << 33) - 1)
                       for _ in range(rng.randrange(4))]  # fmt: skip
            payload = rng.choice(_WORDS) + rng.choice((b",", b":", b";")).join(numbers)
            if rng.random() < 0.3:
                payload += b":" + rng.randbytes(rng.randrange(40)).hex().encode()
            stream += rng.choice((b"", b"+", b"-", b"\x03")) + encode(payload)
        if rng.random() < 0.5:
            mutate(rng, stream, [])
        return bytes(stream)

    def check(self, data: bytes, rng: Random, case: int) -> int:
        stub, reader = Stub(self._chip, 0), PacketReader()
        try:
            while data:
                n = rng.randrange(1, len(data) + 1)
                for item in reader.feed(data[:n]):
                    answer = stub.answer(item) if isinstance(item, bytes) else None
                    assert answer is None or isinstance(answer, bytes)
                    if stub.running:
                        stub.running = False
                        self._chip.model.run(self._chip.model.cycle + 200)
                data = data[n:]
        except PacketError:
            pass  # the connection is closed then
        return 1
