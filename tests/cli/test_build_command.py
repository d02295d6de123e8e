# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit build``."""

from pathlib import Path

import pytest

from nuxkit import Program

RULE = "#include <nux/rule.h>\nvoid rule(const nux_call *call) { (void)call; }\n"


def test_prints_memory_use_and_path(nuxkit, source):
    done = nuxkit("build", source("int table[25] = {1};\nint start(void) { return table[3]; }\n"))
    assert (done.code, done.err) == (0, "")
    *rows, path = done.out.splitlines()
    sizes = {row[:16].strip(): int(row[16:23]) for row in rows}
    assert list(sizes) == [
        "code",
        "constants",
        "data",
        "zeroed data",
        "stack, at most",
        "free",
        "mailbox",
    ]
    assert sizes["mailbox"] == 4096
    assert sizes["data"] == 100
    assert Program.load(path).symbols["table"].size == 100


def test_writes_the_program_where_told(nuxkit, source, tmp_path):
    done = nuxkit("build", source("int start(void) { return 0; }\n"), "-o", "out.elf")
    assert done.code == 0
    assert done.out.splitlines()[-1] == "out.elf"
    assert Program.load(tmp_path / "out.elf").symbols["start"]


def test_several_sources_macros_includes_and_level(nuxkit, source, tmp_path):
    (tmp_path / "headers").mkdir()
    (tmp_path / "headers" / "other.h").write_text("int other(int);\n")
    main = source('#include "other.h"\nint start(void) { return other(FIRST) + SECOND; }\n')
    other = source("int other(int x) { return 2 * x; }\n", "other.c")
    args = ("build", main, other, "-I", "headers", "-DFIRST=20", "-D", "SECOND", "-Os", "-o", "x")
    assert nuxkit(*args).code == 0
    assert nuxkit("run", "x").code == 41


def test_warnings_come_as_the_compiler_writes_them(nuxkit, source):
    name = source("int start(void) {\n    int unused;\n    return 0;\n}\n")
    for _ in range(2):  # compiled, then from the cache
        done = nuxkit("build", name)
        assert done.code == 0
        assert done.err.startswith("rule.c:2:9: warning: unused variable 'unused'")
        assert "warning" not in done.out


def test_errors_come_first_error_first_with_line_and_column(nuxkit, source):
    done = nuxkit(
        "build",
        source(
            "int start(void) {\n    int unused;\n    int x = first;\n    return x + second;\n}\n"
        ),
    )
    assert (done.code, done.out) == (102, "")
    heads = [line.split(": ")[:2] for line in done.err.splitlines() if line.startswith("rule.c:")]
    assert [head for head in heads if head[1] != "note"][:3] == [
        ["rule.c:3:13", "error"],
        ["rule.c:4:16", "error"],
        ["rule.c:2:9", "warning"],
    ]
    assert done.err.splitlines()[-1] == "nuxkit: error: the build failed with 2 errors"


def test_an_overflowing_section_says_what_to_do(nuxkit, source):
    done = nuxkit("build", source("int big[5000] = {1};\nint start(void) { return big[1]; }\n"))
    assert done.code == 102
    assert "section .data is too large" in done.err
    assert "make arrays smaller" in done.err
    assert done.err.endswith("nuxkit: error: the build failed with 1 error\n")


def test_json_of_a_build(nuxkit, source):
    name = source("int start(void) {\n    int unused;\n    return 0;\n}\n")
    done = nuxkit("build", name, "--json")
    assert done.code == 0
    assert Program.load(done.json["elf"])
    assert done.json["report"]["mailbox"] == 4096
    (warning,) = done.json["warnings"]
    assert (warning["file"], warning["line"], warning["severity"]) == ("rule.c", 2, "warning")
    assert done.json["from_cache"] is False
    assert nuxkit("build", name, "--json").json["from_cache"] is True
    assert nuxkit("build", name, "--json", "--no-cache").json["from_cache"] is False


def test_a_rule_is_compiled_again_when_asked(nuxkit, source):
    name = source(RULE)
    for options, cached in (([], False), ([], True), (["--no-cache"], False)):
        assert nuxkit("build", name, "--json", *options).json["from_cache"] is cached


def test_json_of_a_failed_build(nuxkit, source):
    done = nuxkit("build", source("int start(void) {\n    return nothing;\n}\n"), "--json")
    assert done.code == 102
    error = done.json["error"]
    assert (error["kind"], error["exit_code"]) == ("BuildError", 102)
    entry = error["diagnostics"][0]
    assert (entry["file"], entry["line"], entry["column"]) == ("rule.c", 2, 12)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["absent.c"], 100, "nuxkit: error: absent.c: no such file\n"),
        (["."], 100, "nuxkit: error: .: is a directory"),
        (["rule.txt"], 100, "unknown kind of source"),
        (["rule.c", "-I", "absent"], 105, "absent is not a directory"),
        (["rule.c", "-D", "1X=2"], 105, "'1X' is not the name of a macro"),
        (["rule.c", "rule.c"], 105, "given twice"),
        (["rule.c", "-o", "absent.txt/out.elf"], 100, "absent.txt"),
        (["rule.c", "-o", "."], 100, ".: cannot be written: Is a directory"),
        (["rule.c", "-o", ""], 100, ".: cannot be written: Is a directory"),
        (["rule.c", "-o", "./rule.c"], 105, "./rule.c cannot be written: it is rule.c, which is"),
        ([], 2, "Missing argument 'SOURCE...'"),
        (["rule.c", "-O", "9"], 2, "'9' is not one of '1', '2', '3', 's'"),
        (["rule.c", "-D", "=2"], 2, "'=2' is not of the form NAME[=VALUE]"),
        (["rule.c", "-D", "A=1", "-D", "A=2"], 2, "A is given twice"),
        (["rule.c", "--bad"], 2, "No such option"),
    ],
)
def test_wrong_arguments_give_their_exit_code_and_a_sentence(nuxkit, source, args, code, words):
    source("int start(void) { return 0; }\n")
    source("", "rule.txt")
    source("", "absent.txt")
    done = nuxkit("build", *args)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "Traceback" not in done.err
    assert Path("rule.c").read_text() == "int start(void) { return 0; }\n"


def test_a_missing_compiler_names_its_package(nuxkit, source, monkeypatch, tmp_path):
    name = source("int start(void) { return 0; }\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = nuxkit("build", name)
    assert done.code == 101
    assert "gcc-powerpc-linux-gnu" in done.err


@pytest.mark.parametrize("given", ["rule.c", "./rule.c", "link"])
@pytest.mark.parametrize("frame", ["int start(void) { return 0; }\n", RULE])
def test_a_source_is_not_written_over(nuxkit, source, tmp_path, given, frame):
    name = source(frame)
    (tmp_path / "link").symlink_to(name)
    done = nuxkit("build", name, "-o", given)
    assert done.code == 105
    assert f"{given} cannot be written: it is rule.c, which is read" in done.err
    assert (tmp_path / name).read_text() == frame


def test_a_folder_as_output_is_an_error(nuxkit, source):
    done = nuxkit("build", source("int start(void) { return 0; }\n"), "-o", ".")
    assert done.code == 100
    assert "cannot be written: Is a directory" in done.err
