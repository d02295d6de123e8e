# SPDX-License-Identifier: BSD-3-Clause
"""The example of docs/interrupts.md does what the page says."""

import re
from pathlib import Path

from nuxkit import build

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "interrupts.md").read_text()


def test_the_example_runs(tmp_path, nux_chip, nux_cycles):
    (text, *_) = re.findall(r"```c\n(.*?)```", PAGE, re.DOTALL)
    source = tmp_path / "ticks.c"
    source.write_text(text)
    result = nux_chip.run(build(source))
    assert result.return_code == 0
    assert result.symbols["ticks"] == 10
    nux_cycles(result, at_least=2_500_000, at_most=2_501_000)


def test_every_name_of_a_routine_is_listed():
    text = (ROOT / "ppu_runtime" / "include" / "nux" / "interrupt.h").read_text()
    names = re.findall(r"nux_isr_slot_(\w+) =", text)
    assert len(names) == 6
    for name in names:
        assert f"`{name}`" in PAGE
