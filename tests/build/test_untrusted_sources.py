# SPDX-License-Identifier: BSD-3-Clause
"""Sources that try to read what is not theirs, or to use up the machine."""

import os
from pathlib import Path

import pytest

from nuxkit import ToolchainError, build
from nuxkit.builder import KernelBuildError

SECRET = "secret_of_the_host"


@pytest.fixture
def secret(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    path.write_text(f"{SECRET} {SECRET};;\n")
    return path


def refused_line(errors_of, text, secret, name="kernel.c"):
    found = errors_of(text, names=(name,))
    assert not any(SECRET in str(entry) for entry in found)
    (entry,) = (entry for entry in found if "outside of the source's folder" in entry.text)
    assert "secret.txt" in entry.text or "link.h" in entry.text
    return entry.file, entry.line


@pytest.mark.parametrize(
    "text",
    [
        'int a;\n#include "{}"\n',
        'int a;\n#  include <{}>\n',
        '#define FILE "{}"\n#include FILE\n',
        'int a;\nasm(".incbin \\"{}\\"");\n',
        'int a;\nasm(".include \\"{}\\"");\n',
        'int a;\nasm(".macro m a b\\n.\\\\a\\\\()\\\\b \\"{}\\"\\n.endm\\nm inc bin");\n',
    ],
    ids=["include", "angles", "macro", "incbin", "asm include", "made directive"],
)  # fmt: skip
def test_a_file_elsewhere_is_not_read(errors_of, secret, text):
    text = text.replace("{}", str(secret)) + "int start(void) { return 0; }\n"
    assert refused_line(errors_of, text, secret) == ("kernel.c", 2)


def test_nor_by_assembler_sources(errors_of, secret):
    for directive in (".incbin", ".include", "#include"):
        text = f'.globl start\n{directive} "{secret}"\nstart: blr\n'
        assert refused_line(errors_of, text, secret, "kernel.S") == ("kernel.S", 2)


def test_nor_through_a_link_or_a_parent(errors_of, secret):
    os.symlink(secret, "link.h")
    end = "\nint start(void) { return 0; }\n"
    assert refused_line(errors_of, '#include "link.h"' + end, secret) == ("kernel.c", 1)
    path = os.path.relpath(secret)
    assert refused_line(errors_of, f'#include "{path}"' + end, secret) == ("kernel.c", 1)


def test_a_header_that_reads_elsewhere_is_named(errors_of, secret):
    Path("mine.h").write_text(f'#pragma once\n#include "{secret}"\n')
    text = '#include "mine.h"\nint start(void) { return 0; }\n'
    assert refused_line(errors_of, text, secret) == ("mine.h", 2)


def test_own_folders_below_and_given_ones_are_read(compile_text, secret):
    Path("below").mkdir()
    Path("below/mine.h").write_text("#define MINE 1\n")
    secret.with_name("given.h").write_text("#define GIVEN 2\n")
    compile_text(
        '#include "below/mine.h"\n#include "given.h"\nint start(void) { return MINE + GIVEN; }\n',
        include_dirs=[str(secret.parent)],
    )


@pytest.mark.parametrize(
    "text",
    ['asm(".fill 0x40000000, 4, 1");', "char big[1u << 30] = {1};"],
    ids=["assembler", "object"],
)
def test_output_and_memory_of_the_tools_are_bounded(compile_text, text):
    with pytest.raises((KernelBuildError, ToolchainError)):
        compile_text(f"{text}\nint start(void) {{ return 0; }}\n")


@pytest.mark.parametrize("end", ["int a = undeclared;\n", ""], ids=["message", "debug lines"])
def test_a_source_cannot_pass_for_a_file_elsewhere(errors_of, secret, end):
    text = f'int b;\n#line 1 "{secret}"\n{end}int start(void) {{ return b; }}\n'
    assert refused_line(errors_of, text, secret) == ("kernel.c", 2)


def test_nor_can_an_assembler_source(errors_of, secret):
    text = f'.globl start\n# 1 "{secret}"\nstart: blr\n'
    assert refused_line(errors_of, text, secret, "kernel.S") == ("kernel.S", 2)


def test_lines_of_files_in_the_own_folder_may_be_named(compile_text):
    Path("generator.txt").write_text("start\n")
    result = compile_text('#line 1 "generator.txt"\nint start(void) { return 0; }\n')
    address = result.program.symbols["start"].address
    assert result.program.source_location(address).file.endswith("generator.txt")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kernel.c", "int start(void) { return 0; }\n"),
        ("kernel.S", ".globl start\n.type start, @function\nstart: blr\n.size start, 4\n"),
    ],
)
def test_a_file_of_the_same_name_in_the_working_directory_is_another_one(
    tmp_path, monkeypatch, name, text
):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path(name).write_text("of another program\n")
    there = Path("..", "there", name)
    there.write_text(text)
    build(there)
    there.write_text(f'# 1 "{name}"\n{text}')
    with pytest.raises(KernelBuildError, match="outside of the source's folder"):
        build(there)


def test_messages_of_the_tools_are_bounded(compile_text):
    line = "x" * 1000
    turns = "m \\\\n-1\\n" * 2
    flood = f'.macro m n\\n.if \\\\n\\n.print \\"{line}\\"\\n{turns}.endif\\n.endm\\nm 15'
    with pytest.raises(ToolchainError, match="more than 16 MiB of messages"):
        compile_text(f'asm("{flood}");\nint start(void) {{ return 0; }}\n')
    many = "".join(f"int v{i} = undeclared{i};\n" for i in range(5000))
    with pytest.raises(KernelBuildError) as caught:
        compile_text(many + "int start(void) { return 0; }\n")
    assert 100 <= len(caught.value.diagnostics) < 110
    with pytest.raises(ToolchainError, match="wrote more than 64 MiB"):
        compile_text('asm(".space 0x7fffffff");\nint start(void) { return 0; }\n')


def test_a_source_cannot_ask_for_files(compile_text, errors_of, secret):
    end = "int start(void) { return 0; }\n"
    compile_text(f"#ifdef __has_include\n#error it is there\n#endif\n{end}")
    pasted = '#define PASTED(a, b) a##b\n#if PASTED(__has_, include)("{}")\n'
    for text in (f'#if __has_include("{secret}")\n', pasted.replace("{}", str(secret))):
        here, gone = (errors_of(f"{each}#endif\n{end}")
                      for each in (text, text.replace("secret.txt", "nothing.txt")))  # fmt: skip
        assert [entry.text for entry in here] == [entry.text for entry in gone]
    for path in (secret.with_name("nothing"), os.path.relpath(secret.with_name("nothing"))):
        (entry,) = errors_of(f'#include "{path}"\n{end}')
        assert "outside of the source's folder" in entry.text
    for pragma in (f'#pragma GCC dependency "{secret}"', '_Pragma("GCC dependency \\"/a\\"")'):
        (entry,) = errors_of(f"int a;\n{pragma}\n{end}")
        assert (entry.file, entry.line) == ("kernel.c", 2)
        assert "may not ask for the dates" in entry.text


def test_an_endless_file_elsewhere_is_refused_as_others_are(errors_of):
    (entry,) = errors_of('int a;\n#include "/dev/zero"\nint start(void) { return 0; }\n')
    assert "/dev/zero lies outside of the source's folder" in entry.text
    assert (entry.file, entry.line) == ("kernel.c", 2)
