# SPDX-License-Identifier: BSD-3-Clause
"""The time of a loop that the code tells is the time that it takes."""

from pathlib import Path

import numpy as np
import pytest

import nuxkit
from nuxemu import Place, loop_cycles
from nuxkit.builder.image import Function, Image, Section, read_image
from nuxkit.source_lines import SourceLocation
from nuxkit.static_check.loops import find_loops

SOURCE = Path(__file__).parent / "loops.c"
STRAIGHT = ("multiply", "divide", "weights", "conversions", "latched", "squares", "clock", "chosen")
ADDI = 0x38630001  # addi 3,3,1
LOAD = 0x80830000  # lwz 4,0(3)
USE = 0x7CA52214  # add 5,5,4
SYNC = 0x7C0004AC


@pytest.fixture(scope="module", params=["-O1", "-O2", "-Os"])
def program(request):
    return nuxkit.build(SOURCE, optimize=request.param).program


@pytest.fixture(scope="module")
def loops(program):
    found = find_loops(read_image(program.path), program.source_location)
    return {loop.function: loop for loop in found if loop.location.file == str(SOURCE)}


def test_times_are_those_of_a_run(program, loops):
    sites = nuxkit.Chip().run(program, profile=True).profile.instructions
    for name in STRAIGHT:
        loop = loops[name]
        inside = sites[np.isin(sites["pc"], loop.addresses)]
        # One that is entered in its middle runs parts of it once more.
        rounds = inside["executed"].sum() / len(loop.addresses)
        assert loop.cycles == pytest.approx(inside["cycles"].sum() / rounds, rel=0.03), name
        assert loop.time_s == pytest.approx(loop.cycles * 4e-9)


def test_only_straight_line_loops_have_a_time(loops):
    for name in STRAIGHT:
        assert loops[name].reason == "" and loops[name].cycles > 0
    assert (loops["two_ways"].cycles, loops["two_ways"].reason) == (None, "has branches")
    assert (loops["calls"].cycles, loops["calls"].reason) == (None, "calls functions")
    assert "not straight-line: calls functions" in str(loops["calls"])


def test_rounds_are_known_where_the_code_has_them(program, loops):
    sites = {int(site["pc"]): int(site["executed"]) for site in nuxkit.Chip().run(
        program, profile=True).profile.instructions}  # fmt: skip
    assert loops["weights"].rounds == sites[loops["weights"].addresses[-1]]
    assert f"{loops['weights'].rounds} rounds" in str(loops["weights"])
    assert loops["conversions"].rounds is None


def test_an_unknown_address_is_told(loops):
    assert loops["chosen"].unknown > 0
    assert "unknown address" in str(loops["chosen"])
    assert [loops[name].unknown for name in ("weights", "conversions", "latched")] == [0, 0, 0]


def test_cycles_of_words():
    assert loop_cycles([ADDI] * 7, [Place.SRAM] * 7) == 7
    latency = loop_cycles([LOAD, USE], [Place.SRAM] * 2)
    assert latency == 6  # five cycles until the result of a load is there
    assert loop_cycles([LOAD, USE], [Place.BUS, Place.SRAM]) == latency + 18
    assert loop_cycles([LOAD, USE], [Place.EXTERNAL, Place.SRAM]) == latency + 43
    assert loop_cycles([SYNC], [Place.SRAM]) == 2
    assert loop_cycles([], []) == 0
    with pytest.raises(ValueError, match="1 words and 0 places"):
        loop_cycles([ADDI], [])


def test_code_that_is_all_loops_is_read_in_time():
    """As an ELF file of unknown origin may have it."""
    add, back, branch = 0x38630001, 0x42000000, 4
    nested = [add] * 1000 + [back | -branch * (2 * n + 1) & 0xFFFC for n in range(1000)]
    same = [back | max(-branch * n, -0x8000) & 0xFFFC for n in range(2000)]
    for words, timed in ((nested, 1), (same, 0)):
        data = b"".join(word.to_bytes(4, "big") for word in words)
        section = Section(".text", 0, len(data), data, True)
        image = Image((section,), {}, (), (Function("f", 0, len(data)),))
        place = SourceLocation("rule.c", 1, 1, "f")
        found = find_loops(image, lambda address, place=place: place)
        assert len(found) >= 1000
        assert sum(loop.cycles is not None for loop in found) == timed
