# SPDX-License-Identifier: BSD-3-Clause
"""Text in the mailbox: numbers, vectors, and what happens when it is full."""

import numpy as np
import pytest

from nuxemu import memory_map as mm
from nuxkit import Chip, build

HEAD = "#include <nux/nux.h>\n"


def kernel(statements, declarations=""):
    return f"{HEAD}{declarations}\nint start(void) {{ {statements} return 0; }}"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ('string("hello, world")', "hello, world"),
        ('string("")', ""),
        ("char('x')", "x"),
        ("unsigned(0)", "0"),
        ("unsigned(4294967295u)", "4294967295"),
        ("unsigned(1000000007)", "1000000007"),
        ("signed(0)", "0"),
        ("signed(-1)", "-1"),
        ("signed(2147483647)", "2147483647"),
        ("signed(-2147483647 - 1)", "-2147483648"),
        ("hex(0xdeadbeefu, 8)", "deadbeef"),
        ("hex(0x2a, 2)", "2a"),
        ("hex(0x12345, 3)", "345"),
        ("hex(0, 1)", "0"),
        ("hex(1, 100)", "00000001"),
    ],
)
def test_text_and_numbers(run_kernel, call, text):
    assert run_kernel(kernel(f"nux_mailbox_write_{call};")).mailbox == text


def test_writes_follow_each_other(run_kernel):
    result = run_kernel(
        kernel('nux_mailbox_write_string("w="); nux_mailbox_write_signed(-5);'
               "nux_mailbox_write_char('\\n'); nux_mailbox_write_hex(255, 4);")
    )  # fmt: skip
    assert result.mailbox == "w=-5\n00ff"


@pytest.mark.parametrize("lanes", ["u8", "s8", "u16", "s16"])
def test_vectors_in_decimal(run_kernel, lanes):
    result = run_kernel(
        kernel(f"fxvstax(nux_add8(nux_splat8(-3), fxvlax(&v, 0)), &w, 0);"
               f"nux_mailbox_write_vector_{lanes}(&w);",
               f"nux_vector_memory v = {{.u8 = {{{','.join(map(str, range(128)))}}}}}, w;")
    )  # fmt: skip
    raw = (np.arange(128) - 3).astype(np.uint8).tobytes()
    dtype = {"u8": "u1", "s8": "i1", "u16": ">u2", "s16": ">i2"}[lanes]
    assert result.mailbox == " ".join(map(str, np.frombuffer(raw, dtype)))
    assert not result.remarks


def test_full_mailbox_counts_what_it_drops_and_says_so(run_kernel):
    result = run_kernel(
        kernel("for (int i = 0; i < 5000; i++) nux_mailbox_write_char('a' + i % 26);")
    )
    capacity = mm.MAILBOX_SIZE - len("...\0")
    expected = "".join(chr(ord("a") + i % 26) for i in range(capacity))
    assert result.mailbox == expected + "..."
    assert result.symbols["nux_mailbox_dropped"] == 5000 - capacity


def test_exactly_full_mailbox_drops_nothing(run_kernel):
    capacity = mm.MAILBOX_SIZE - len("...\0")
    result = run_kernel(
        kernel(f"for (int i = 0; i < {capacity}; i++) nux_mailbox_write_char('x');")
    )
    assert result.mailbox == "x" * capacity
    assert result.symbols["nux_mailbox_dropped"] == 0


def test_every_start_empties_the_mailbox(tmp_path):
    source = tmp_path / "k.c"
    source.write_text(
        kernel("if (say) nux_mailbox_write_string(\"long text\");"
               "else nux_mailbox_write_char('s');", "volatile int say;")
    )  # fmt: skip
    chip = Chip()
    assert chip.run(build(source), symbols={"say": 1}).mailbox == "long text"
    assert chip.run(symbols={"say": 0}).mailbox == "s"
