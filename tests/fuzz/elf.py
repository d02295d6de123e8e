# SPDX-License-Identifier: BSD-3-Clause
"""Damaged ELF files: loaded, looked into by name and address, and run."""

import itertools
from pathlib import Path
from random import Random

from elftools.elf.elffile import ELFFile

from fuzz.mutation import mutate
from nuxkit import Chip, NuxkitError, Program, build

SOURCE = """
#include <nux/nux.h>
struct pair { int8_t a; uint16_t b : 3, c : 5; float f; union { int i; char c[4]; } u; };
enum colour { RED, GREEN = 7 } colour = GREEN;
struct pair table[3];
nux_vector_memory memory[2];
static volatile int counter;
__attribute__((noinline)) int add(int x, const struct pair *p) { return x + p->a + counter++; }
int start(void) {
    static int calls;
    nux_store(nux_add8(nux_load(&memory[0]), nux_splat8(1)), &memory[1]);
    for (int i = 0; i < 3; i++) {
        calls = add(calls, &table[i]);
    }
    return calls + (int)colour;
}
"""
MAX_CYCLES = 3000
#: Every so many cases the debug information is read too, which takes most of the time.
WITH_DEBUG = 8


class ElfFiles:
    """Programs with damage, from two sound ones: with debug information and without."""

    name = "elf"
    unit = "files"
    full_run = 100_000

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        paths = [folder / "program.elf", folder / "stripped.elf"]
        if not paths[0].exists():
            source = folder / "program.c"
            source.write_text(SOURCE)
            build(source, output=paths[0])
            paths[1].write_bytes(_without_debug(paths[0].read_bytes()))
        self._bases = [(path.read_bytes(), _places(path)) for path in paths]
        self._chip = Chip()

    def make(self, rng: Random, case: int) -> bytes:
        base, places = self._bases[0 if case % WITH_DEBUG == 0 else 1]
        data = bytearray(base)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            mutate(rng, data, places)
        return bytes(data)

    def check(self, data: bytes, rng: Random, case: int) -> int:
        path = self._folder / f"case-{case % 16}.elf"
        path.write_bytes(data)
        try:
            program = Program.load(path)
        except NuxkitError:
            return 1
        addresses = [rng.randrange(0, 0x800, 4) for _ in range(8)] + [rng.getrandbits(32)]
        for name in itertools.islice(program.symbols, 12):
            _try(lambda name=name: program.symbols[name].ctype)
            _try(lambda name=name: program.resolve(f"{name}[1].a"))
        for address in addresses:
            _try(lambda address=address: program.source_locations(address))
            _try(lambda address=address: program.function_at(address))
            program.call_stack(address, addresses[0], 0x2F00, _word)
        _try(lambda: program.address_of_line("program.c", 12))
        _try(lambda: self._run(program))
        return 1

    def _run(self, program: Program) -> None:
        self._chip.load(program)
        try:
            result = self._chip.run(max_cycles=MAX_CYCLES, max_wall_s=20)
        except NuxkitError as error:
            str(error)
            result = getattr(error, "result", None)
            if result is None:
                raise
            assert result.stop.reason.name not in ("ENGINE", "WALL_LIMIT"), str(error)
        for name in itertools.islice(result.symbols, 12):
            try:
                result.symbols[name]
            except (NuxkitError, KeyError):  # KeyError: in memory that results do not keep
                continue


def _word(address: int) -> int:
    if not 0 <= address <= 0x3FFC:
        raise IndexError(address)
    return address * 2654435761 & 0x3FFC


def _try(action) -> None:
    """What is wrong with a file may be told, but by no other error."""
    try:
        action()
    except NuxkitError as error:
        str(error)


def _places(path: Path) -> list[tuple[int, int]]:
    """Ranges of the file worth damaging: header, section table, sections."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        table = elf["e_shoff"]
        places = [(0, 52), (table, table + 40 * elf["e_shnum"])] * 3
        for section in elf.iter_sections():
            if section["sh_type"] not in ("SHT_NULL", "SHT_NOBITS"):
                places.append((section["sh_offset"], section["sh_offset"] + section["sh_size"]))
    return places


def _without_debug(data: bytes) -> bytes:
    """The file with its debug sections renamed, so that nobody looks for them, and emptied."""
    return data.replace(b".debug_", b".gone__").replace(b".eh_frame", b".gone____")
