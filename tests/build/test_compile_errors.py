# SPDX-License-Identifier: BSD-3-Clause
"""Errors and warnings of the compiler, at the user's file, line and column."""

import os
from pathlib import Path

import pytest

from nuxkit import BuildError, InputError, ProgramFileError, build
from nuxkit.builder.runtime import runtime_root


def test_c_errors_come_with_place_and_the_compilers_text_first_one_first(errors_of):
    found = errors_of("int start(void) {\n  return missing_name;\n}\nint f(void) { return *5; }\n")
    assert [(e.file, e.line, e.column) for e in found] == [
        ("kernel.c", 2, 10), ("kernel.c", 4, 22),
    ]  # fmt: skip
    assert found[0].text == "'missing_name' undeclared (first use in this function)"
    assert "return missing_name;" in found[0].detail
    assert str(found[0]).startswith("kernel.c:2:10: error: 'missing_name' undeclared")


def test_errors_come_before_warnings_and_of_every_source(errors_of):
    found = errors_of(
        "int start(void) { int unused; return 0 }", "int g(void) { return x; }",
        names=("a.c", "b.c"),
    )  # fmt: skip
    assert [entry.file for entry in found] == ["a.c", "b.c"]


def test_error_in_an_included_header_names_the_header(errors_of, tmp_path):
    (tmp_path / "rule.h").write_text("\nint broken(void) { return nothing; }\n")
    found = errors_of('#include "rule.h"\nint start(void) { return 0; }')
    assert (found[0].file, found[0].line) == ("rule.h", 2)
    assert "from kernel.c:1" in found[0].detail


def test_missing_header(errors_of):
    (found,) = errors_of("#include <stdio.h>\nint start(void) { return 0; }")
    assert (found.file, found.line) == ("kernel.c", 1)
    assert found.text == "stdio.h: No such file or directory"


def test_warnings_are_returned_with_place_and_text(compile_text):
    result = compile_text("int start(void) {\n  int unused;\n  return 0;\n}\n")
    (warning,) = result.warnings
    assert (warning.file, warning.line, warning.column) == ("kernel.c", 2, 7)
    assert warning.severity == "warning"
    assert warning.text == "unused variable 'unused' [-Wunused-variable]"


def test_the_librarys_headers_give_no_warnings(compile_text):
    assert compile_text("#include <nux/nux.h>\nint start(void) { return 0; }").warnings == ()


HEADERS = sorted(path.name for path in (runtime_root() / "include" / "nux").iterdir())


@pytest.mark.parametrize("header", HEADERS)
def test_every_header_can_be_included_alone_and_twice(compile_text, header):
    include = f"#include <nux/{header}>\n"
    assert compile_text(f"{include}{include}int start(void) {{ return 0; }}").warnings == ()


def test_argument_out_of_range_of_an_intrinsic_is_at_the_users_line(errors_of):
    (found,) = errors_of(
        "#include <nux/nux.h>\nnux_vector_memory m;\nint start(void) {\n"
        "  fxvstax(fxvshb(fxvlax(&m, 0), 20), &m, 0);\n  return 0;\n}\n"
    )
    assert (found.file, found.line) == ("kernel.c", 4)
    assert "shift must be a constant, -16 to 15" in found.text


def test_bad_operand_in_inline_assembler_is_at_its_line(errors_of):
    found = errors_of(
        'int start(void) {\n  __asm__ volatile("nop\\n\\tfxvaddbm 3,4,40");\n'
        '  __asm__ volatile("frobnicate 3");\n  return 0;\n}\n'
    )
    assert [(e.file, e.line) for e in found] == [("kernel.c", 2), ("kernel.c", 3)]
    assert "operand vrb is 40, must be 0 to 31" in found[0].text
    assert "frobnicate" in found[1].text


def test_errors_in_assembler_sources_are_at_their_lines(errors_of):
    found = errors_of(
        "    .text\n    .globl start\nstart:\n    li r3, 1\n    lvx 1, 0, 3\n    foo 3\n    blr\n",
        names=("kernel.S",),
    )
    assert [(e.file, e.line) for e in found] == [("kernel.S", 5), ("kernel.S", 6)]
    assert "the processor has no instruction lvx" in found[0].text


def test_a_file_named_like_ours_in_the_current_directory_is_not_used(compile_text):
    for name in ("user.s", "fxv.inc", "guards.inc"):
        Path(name).write_text('.error "wrong file"\n')
    compile_text("#include <nux/nux.h>\nint start(void) { return 0; }", cache=False)


def test_sources_in_another_directory_keep_their_spelling(tmp_path):
    place = tmp_path / "with space" / "ünïcode"
    place.mkdir(parents=True)
    (place / "k.c").write_text('#include "p.h"\nint start(void) { return P; }')
    (place / "p.h").write_text("#define P nothing\n")
    relative = os.path.relpath(place / "k.c")
    with pytest.raises(BuildError, match="nothing") as caught:
        build(relative)
    assert caught.value.diagnostics[0].file in (relative, os.path.relpath(place / "p.h"))
    (place / "p.h").write_text("#define P 3\n")
    result = build(relative)
    location = result.program.source_location(result.program.symbols["start"].address)
    assert location.file == str(place / "k.c")


def test_include_dirs_and_defines(compile_text, tmp_path):
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "rate.h").write_text("#define RATE 5\n")
    text = "#include <rate.h>\n_Static_assert(RATE * N == 15 && FAST == 1, NAME);\n"
    compile_text(
        text + "int start(void) { return 0; }",
        include_dirs=["inc"], defines={"N": 3, "FAST": True, "NAME": '"two words"'},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing.c", "missing.c: no such file"),
        ("folder.c", "folder.c: is a directory"),
        ("rule.py", "rule.py: unknown kind of source '.py'"),
    ],
)
def test_what_is_not_a_source_file(source, words):
    Path("folder.c").mkdir()
    Path("rule.py").write_text("")
    with pytest.raises(ProgramFileError, match=words):
        build(source)


def test_unreadable_source(monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    Path("secret.c").write_text("int start(void) { return 0; }")
    monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read every file
    with pytest.raises(ProgramFileError, match=r"secret\.c: cannot be read: Permission denied"):
        build("secret.c")


def test_wrong_arguments_are_refused():
    Path("k.c").write_text("int start(void) { return 0; }")
    with pytest.raises(InputError, match="at least one source"):
        build()
    with pytest.raises(InputError, match=r"-O0.*expected one of -O1, -O2, -O3, -Os"):
        build("k.c", optimize="-O0")
    with pytest.raises(InputError, match="'two words' is not the name of a macro"):
        build("k.c", defines={"two words": 1})
    with pytest.raises(InputError, match=r"defines is \['A'\], but must be a mapping"):
        build("k.c", defines=["A"])
    with pytest.raises(InputError, match="include_dirs is 'lib', but must be a sequence"):
        build("k.c", include_dirs="lib")
    with pytest.raises(InputError, match="nowhere is not a directory"):
        build("k.c", include_dirs=["nowhere"])
    with pytest.raises(InputError, match="given twice"):
        build("k.c", "./k.c")
