# SPDX-License-Identifier: BSD-3-Clause
"""The stub: packets that nobody should send, connections that break, two processors."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuxkit
from nuxemu import StopReason
from nuxkit.debug.packets import BAD_CHECKSUM, MAX_PACKET, PacketError, PacketReader, encode
from nuxkit.debug.session import DebugSession
from nuxkit.debug.stub import Stub

from .conftest import ENDLESS, RULE, Client


@given(st.lists(st.binary(max_size=300), max_size=5), st.data())
def test_packets_survive_any_cut(payloads, data):
    stream = b"".join(b"+" + encode(payload) for payload in payloads)
    reader, found = PacketReader(), []
    while stream:
        n = data.draw(st.integers(1, len(stream)))
        found += [item for item in reader.feed(stream[:n]) if isinstance(item, bytes)]
        stream = stream[n:]
    assert found == payloads


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_anything_else_is_ignored_or_a_packet_error(pieces):
    reader = PacketReader()
    try:
        for piece in pieces:
            for item in reader.feed(piece):
                assert isinstance(item, bytes | str)
    except PacketError:
        pass


def test_damaged_and_endless_packets_are_noticed():
    assert list(PacketReader().feed(b"$g#00")) == [BAD_CHECKSUM]
    with pytest.raises(PacketError, match="more than"):
        list(PacketReader().feed(b"$" + b"a" * (2 * MAX_PACKET + 1)))


_NUMBER = st.one_of(st.integers(0, 1 << 33), st.just(0x20000000), st.just(0x3FFC)).map(
    lambda n: b"%x" % n
)
_PACKETS = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda c, a, n: c + a + b"," + n, st.sampled_from([b"m", b"Z0,", b"Z2,"]),
              _NUMBER, _NUMBER),
    st.builds(lambda c, k, a, n: c + k + b"," + a + b"," + n, st.sampled_from([b"Z", b"z"]),
              _NUMBER, _NUMBER, _NUMBER),
    st.builds(lambda a, n, d: b"M" + a + b"," + n + b":" + d.hex().encode(), _NUMBER, _NUMBER,
              st.binary(max_size=20)),
    st.builds(lambda a, d: b"X" + a + b",%x:" % len(d) + d, _NUMBER, st.binary(max_size=20)),
    st.builds(lambda r, d: b"P" + r + b"=" + d.hex().encode(), _NUMBER, st.binary(max_size=8)),
    st.builds(lambda c, d: c + d, st.sampled_from([b"qRcmd,", b"vCont;", b"qXfer:features:read:",
              b"qXfer:features:read:target.xml:", b"p", b"G", b"c", b"s", b"QStart", b"v"]),
              st.binary(max_size=20)),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_PACKETS, max_size=8))
def test_no_packet_harms_the_host(packets):
    stub = _STUB
    for packet in packets:
        answer = stub.answer(packet)
        assert answer is None or (isinstance(answer, bytes) and len(answer) <= 2 * MAX_PACKET)
        stub.running = False


def _stub():
    chip = nuxkit.Chip()
    chip.ppu[0].set_debugging(True)
    stub = Stub(chip, 0)
    stub.chip = chip
    return stub


_STUB = _stub()


def test_registers_have_the_sizes_of_the_description():
    stub = _stub()
    every = stub.answer(b"g")
    single = b"".join(stub.answer(b"p%x" % n) for n in range(38 + 12 + 1 + 32 + 2))
    assert every == single
    assert stub.answer(b"p%x" % 85) == b"E01"
    assert stub.answer(b"G" + every) == b"OK"
    assert stub.answer(b"g") == every


def test_labels_cannot_be_watched():
    stub = _stub()
    assert stub.answer(b"Z2,2000ff00,100") == b"OK"
    assert stub.answer(b"Z2,2000ff00,101") == b"E01"
    assert stub.answer(b"Z4,20010005,1") == b"E01"


def test_an_endless_program_can_be_interrupted_and_killed(build, beside):
    def client(port):
        gdb = Client(port)
        gdb.raw(encode(b"c"))
        time.sleep(0.2)  # for the program to run
        gdb.raw(b"\x03")
        assert gdb.receive() == b"T02thread:1;"
        gdb.raw(encode(b"c"))
        gdb.raw(b"\x03")
        assert gdb.receive() == b"T02thread:1;"
        gdb.raw(encode(b"k"))
        assert gdb.receive() is None

    chip = nuxkit.Chip()
    (result,) = chip.debug(build(ENDLESS), announce=beside(client))
    assert result.symbols["n"] > 0
    assert result.stop.reason in (StopReason.WALL_LIMIT, StopReason.INTERRUPTED)
    assert not chip.is_running()
    assert chip.run(build(RULE, "other.c")).return_code == 7


def test_a_lost_debugger_leaves_the_program_where_it_is(build, beside):
    def client(port):
        first = Client(port)
        assert first.ask(b"s") == b"T05thread:1;"
        pc = first.ask(b"p20")
        first.close()
        second = Client(port)
        assert second.ask(b"p20") == pc
        assert second.ask(b"D") == b"OK"

    (result,) = nuxkit.Chip().debug(build(RULE), announce=beside(client))
    assert result.return_code == 7


def test_a_debugger_may_attach_again(build, beside):
    def client(port):
        first = Client(port)
        assert first.ask(b"D") == b"OK"
        assert first.receive() is None
        time.sleep(0.2)  # for the program to run
        second = Client(port)
        assert second.ask(b"?") == b"T05thread:1;"
        before = second.ask(b"p32")
        time.sleep(0.1)
        assert second.ask(b"p32") == before
        assert second.ask(b"Z0,%x,4" % program.symbols["tick"].address) == b"OK"
        second.close()
        third = Client(port)  # finds no breakpoint of the second one, that was lost
        third.raw(encode(b"c"))
        time.sleep(0.1)
        third.raw(b"\x03")
        assert third.receive() == b"T02thread:1;"
        third.raw(encode(b"k"))

    program = build(
        "volatile int n;\n__attribute__((noinline)) void tick(void) { n++; }\n"
        "int start(void) { for (;;) tick(); }\n"
    )
    (result,) = nuxkit.Chip().debug(program, announce=beside(client))
    assert result.symbols["n"] > 0


def test_a_connection_with_nonsense_is_dropped(build, beside):
    def client(port):
        bad = Client(port)
        bad.raw(b"$" + b"x" * (3 * MAX_PACKET))
        assert bad.receive() is None
        good = Client(port)
        assert good.ask(b"c") == b"W07"

    (result,) = nuxkit.Chip().debug(build(RULE), announce=beside(client))
    assert result.return_code == 7


def test_a_second_debugger_is_turned_away(build, beside):
    def client(port):
        first = Client(port)
        assert first.ask(b"qC") == b"QC1"
        assert Client(port).receive() is None
        assert first.ask(b"c") == b"W07"

    nuxkit.Chip().debug(build(RULE), announce=beside(client))


def test_time_stands_still_while_either_processor_does(build, beside):
    program = build(RULE)
    plain = nuxkit.Chip().run_both(program)

    def client(top_port, bottom_port):
        top, bottom = Client(top_port), Client(bottom_port)
        assert bottom.ask(b"qC") == b"QC1"
        top.raw(encode(b"c"))
        before = bottom.ask(b"p32")
        assert bottom.ask(b"p32") == before
        bottom.raw(encode(b"c"))
        assert {top.receive(), bottom.receive()} == {b"W07"}

    results = nuxkit.Chip().debug(program, hemispheres=(0, 1), announce=beside(client))
    assert [result.cycles for result in results] == [result.cycles for result in plain]


def test_the_stub_listens_on_the_loopback_address_only(build):
    chip = nuxkit.Chip()
    chip.load(build(RULE))
    session = DebugSession(chip)
    try:
        assert [c.listener.getsockname()[0] for c in session._connections] == ["127.0.0.1"]
        with pytest.raises(nuxkit.InputError, match=r"port \d+ of 127\.0\.0\.1 cannot be used"):
            DebugSession(chip, (1,), session.ports[0])
    finally:
        session.close()


@pytest.mark.parametrize("hemispheres", [(), (2,), (0, 0)])
def test_wrong_processors_are_refused(build, hemispheres):
    with pytest.raises(nuxkit.InputError, match="hemisphere"):
        nuxkit.Chip().debug(build(RULE), hemispheres=hemispheres)


@pytest.mark.parametrize(
    ("hemispheres", "port", "last"), [((0,), -1, 65535), ((0, 1), 65535, 65534), ((0,), "x", 65535)]
)
def test_ports_that_do_not_exist_are_refused(build, hemispheres, port, last):
    with pytest.raises(nuxkit.InputError, match=rf"port is .* integer from 0 to {last}"):
        nuxkit.Chip().debug(build(RULE), hemispheres=hemispheres, port=port)


def test_a_weight_that_the_other_processor_changes_is_noticed(build, beside):
    writer = build(
        "#include <nux/nux.h>\n"
        "int start(void) {\n"
        "    *(volatile uint32_t *)(NUX_OMNIBUS_DATA_BASE + 4 * NUX_OMNIBUS_SYNRAM_WORD)"
        " = 0x3f3f3f3f;\n    return 1;\n}\n",
        "writer.c",
    )

    def client(port):
        gdb = Client(port)
        assert gdb.ask(b"Z2,20000000,100") == b"OK"
        assert gdb.ask(b"c").startswith(b"T05watch:200000")
        gdb.raw(encode(b"k"))

    chip = nuxkit.Chip()
    chip.load(writer, hemisphere=1)
    chip.start(hemisphere=1)
    chip.debug(build(ENDLESS), announce=beside(client))
    assert (chip.synram[0].weights[0] != 0).any()


def test_a_processor_without_a_debugger_says_so():
    cpu = nuxkit.Chip().ppu[0]
    for ask in (
        lambda: cpu.set_breakpoints([0]),
        lambda: cpu.set_watches([]),
        cpu.resume,
        lambda: cpu.debug_event,
    ):
        with pytest.raises(RuntimeError, match="set_debugging"):
            ask()
