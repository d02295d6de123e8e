# SPDX-License-Identifier: BSD-3-Clause
"""Results are reused exactly as long as nothing that matters has changed."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nuxkit import ProgramFileError, build

TEXT = '#include "p.h"\nint start(void) { int unused; return P; }\n'
SECTION = "int start(void) { return 3; }"


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    place = tmp_path / "cache"
    monkeypatch.setenv("NUXKIT_CACHE_DIR", str(place))
    return place


@pytest.fixture
def rule():
    Path("p.h").write_text("#define P 4\n")
    Path("rule.c").write_text(TEXT)
    return "rule.c"


def test_an_unchanged_build_is_reused_with_its_warnings_and_report(rule):
    first, second = build(rule), build(rule)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert second.elf_path == first.elf_path
    assert second.warnings == first.warnings != ()
    assert second.report == first.report


def test_reuse_is_fast(rule):
    build(rule)
    begin = time.perf_counter()
    build(rule)
    assert time.perf_counter() - begin < 0.5  # about 1 ms on an idle machine


@pytest.mark.parametrize(
    "change",
    [
        lambda: Path("rule.c").write_text(TEXT + "\n"),
        lambda: Path("p.h").write_text("#define P 5\n"),
        lambda: {"optimize": "-Os"},
        lambda: {"defines": {"X": 1}},
        lambda: {"include_dirs": ["inc"]},
    ],
    ids=["source", "header", "optimize", "defines", "include_dirs"],
)
def test_a_change_builds_anew(rule, change):
    Path("inc").mkdir()
    build(rule)
    options = change()
    assert not build(rule, **(options if isinstance(options, dict) else {})).from_cache


def test_a_new_header_that_hides_another_builds_anew():
    for place in ("one", "two"):
        Path(place).mkdir()
    Path("two/q.h").write_text("#define Q 1\n")
    Path("k.c").write_text("#include <q.h>\nint start(void) { return Q; }")
    options = {"include_dirs": ["one", "two"]}
    first = build("k.c", **options)
    assert build("k.c", **options).from_cache
    Path("one/q.h").write_text("#define Q 2\n")
    second = build("k.c", **options)
    assert not second.from_cache
    assert second.elf_path != first.elf_path


def test_another_compiler_version_builds_anew(rule, tmp_path, monkeypatch):
    build(rule)
    place = tmp_path / "bin"
    place.mkdir()
    fake = place / "powerpc-linux-gnu-gcc"
    fake.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo "powerpc-linux-gnu-gcc 99.0"; exit; fi\n'
        'PATH="$REAL_PATH" exec powerpc-linux-gnu-gcc "$@"\n'
    )
    fake.chmod(0o755)
    import os

    monkeypatch.setenv("REAL_PATH", os.environ["PATH"])
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    assert not build(rule).from_cache
    assert build(rule).from_cache


def test_cache_false_builds_anew(rule):
    build(rule)
    assert not build(rule, cache=False).from_cache


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x11
    path.write_bytes(content)


@pytest.mark.parametrize("pattern", ["elf/*/rule.elf", "entries/*.json"])
@pytest.mark.parametrize("how", [damage, lambda p: p.write_bytes(b""), lambda p: p.unlink()])
def test_a_damaged_entry_is_built_anew(own_cache, rule, pattern, how):
    first = build(rule)
    content = first.elf_path.read_bytes()
    (path,) = own_cache.glob(pattern)
    how(path)
    again = build(rule)
    assert not again.from_cache
    assert again.elf_path.read_bytes() == content
    assert build(rule).from_cache


@pytest.mark.parametrize("name", ["crt0.o", "libnux.a", "nux.ld", "SHA256"])
def test_a_damaged_runtime_is_built_anew(own_cache, rule, name):
    content = build(rule).elf_path.read_bytes()
    (path,) = own_cache.glob(f"runtime/*/{name}")
    damage(path)
    assert build(rule, cache=False).elf_path.read_bytes() == content


def test_an_entry_that_is_other_json_is_built_anew(own_cache, rule):
    build(rule)
    (path,) = own_cache.glob("entries/*.json")
    path.write_text(json.dumps([1, 2]))
    assert not build(rule).from_cache


def test_a_source_edited_during_the_build_is_not_remembered(rule, monkeypatch):
    from nuxkit.builder import driver

    link = driver.link

    def edit_and_link(*arguments):
        Path("p.h").write_text("#define P 9\n")
        return link(*arguments)

    monkeypatch.setattr(driver, "link", edit_and_link)
    build(rule)
    monkeypatch.setattr(driver, "link", link)
    assert not build(rule).from_cache


def test_a_failed_build_leaves_no_entry(own_cache):
    Path("bad.c").write_text("int start(void) { return x; }")
    for _ in range(2):
        with pytest.raises(Exception, match="'x' undeclared"):
            build("bad.c")
    assert not list(own_cache.glob("entries/*"))


def test_output_is_written_as_well(rule, tmp_path):
    result = build(rule, output=tmp_path / "out" / "rule.elf")
    assert result.elf_path == tmp_path / "out" / "rule.elf"
    assert result.elf_path.read_bytes() == build(rule).elf_path.read_bytes()
    Path("file").write_text("")
    with pytest.raises(ProgramFileError, match=r"file/rule\.elf: cannot be written"):
        build(rule, output="file/rule.elf")


def test_a_cache_that_cannot_be_written_says_how_to_move_it(rule, tmp_path, monkeypatch):
    (tmp_path / "blocked").write_text("a file")
    monkeypatch.setenv("NUXKIT_CACHE_DIR", str(tmp_path / "blocked"))
    with pytest.raises(ProgramFileError, match="set NUXKIT_CACHE_DIR"):
        build(rule)


def test_the_same_sources_give_the_same_bits(own_cache, rule, tmp_path, monkeypatch):
    first = build(rule).elf_path.read_bytes()
    monkeypatch.setenv("NUXKIT_CACHE_DIR", str(tmp_path / "other"))
    assert build(rule).elf_path.read_bytes() == first


def test_several_processes_may_build_at_once(own_cache, rule):
    script = (
        "import sys; from nuxkit import build\n"
        "for _ in range(5):\n"
        "    r = build('rule.c', cache=False); r.program\n"
        "print(r.elf_path)"
    )

    def start(_):
        return subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120,
            env={**__import__("os").environ, "PYTHONPATH": ":".join(sys.path)}, check=False,
        )  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(start, range(4)))
    assert [one.returncode for one in done] == [0] * 4, done[0].stderr
    assert len({one.stdout for one in done}) == 1
    assert not list(own_cache.rglob(".*"))  # no temporary file stays behind
    assert build(rule).from_cache
