# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit run``."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

KERNEL = """
#include <nux/nux.h>
volatile int code = 0, divisor = 1, amount = 1;
float gain = 0.5f;
int16_t table[2][2] = {{1, 2}, {3, 4}};
struct { int8_t a; uint8_t b; } pair = {-1, 2};
enum mode { IDLE, LEARN } mode;
volatile uint32_t address = 0x2000;
volatile int result;
int start(void) {
    nux_mailbox_write_string("code ");
    nux_mailbox_write_signed(code);
    nux_mailbox_write_string("\\n");
    result = (7 / divisor) << amount;
    *(volatile uint32_t *)address = 1; // store
    return code;
}
"""
STORE_LINE = KERNEL.splitlines().index("    *(volatile uint32_t *)address = 1; // store") + 1
DIVIDE_LINE = STORE_LINE - 1


@pytest.fixture
def rule(source):
    return source(KERNEL)


def test_prints_the_mailbox_and_a_summary(nuxkit, rule):
    done = nuxkit("run", rule)
    assert (done.code, done.out) == (0, "code 0\n")
    assert re.fullmatch(
        r"return code 0, \d+ cycles, [\d.]+ us emulated, [\d.]+ (us|ms) wall time, "
        r"\d+ of \d+ bytes of stack\n",
        done.err,
    )


def test_a_program_runs_as_well_as_its_source(nuxkit, rule):
    assert nuxkit("build", rule, "-o", "rule.elf").code == 0
    assert nuxkit("run", "rule.elf").out == nuxkit("run", rule).out == "code 0\n"


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [(0, 0), (1, 1), (7, 7), (99, 99), (100, 1), (256, 1), (-1, 1), (2**31 - 1, 1)],
)
def test_exit_code_is_the_return_code_up_to_99_else_1(nuxkit, rule, code, exit_code):
    done = nuxkit("run", rule, "--set", f"code={code}")
    assert done.code == exit_code
    assert done.err.startswith(f"return code {code}, ")


@pytest.mark.parametrize(
    ("given", "name", "shown"),
    [
        ("code=12", "code", "12"),
        ("code=0x1f", "code", "31"),
        ("code = -3", "code", "-3"),
        ("gain=0.25", "gain", "0.25"),
        ("gain=3", "gain", "3.0"),
        ("table=[[5, 6], [7, -8]]", "table", "[[5, 6], [7, -8]]"),
        ("table[1]=[0,1]", "table", "[[1, 2], [0, 1]]"),
        ("table[1][0]=9", "table[1]", "[9, 4]"),
        ('pair={"a": -5, "b": 200}', "pair", '{"a": -5, "b": 200}'),
        ("pair.a=-128", "pair.a", "-128"),
        ("mode=LEARN", "mode", "1"),
    ],
)
def test_variables_are_set_and_shown(nuxkit, rule, given, name, shown):
    done = nuxkit("run", rule, "--set", given, "--symbol", name)
    assert done.out.splitlines()[1:] == [f"{name} = {shown}"]


def test_what_is_shown_can_be_set_again(nuxkit, rule):
    names = ("gain", "table", "pair")
    first = nuxkit("run", rule, *(arg for name in names for arg in ("--symbol", name)))
    settings = [line.replace(" = ", "=", 1) for line in first.out.splitlines()[1:]]
    again = nuxkit("run", rule, *(arg for setting in settings for arg in ("--set", setting)))
    assert again.code == 0


def test_json_of_a_run(nuxkit, rule):
    done = nuxkit("run", rule, "--json", "--set", "code=3", "--symbol", "table")
    assert done.code == 3
    result = done.json
    assert result["return_code"] == 3
    assert result["stop"]["reason"] == "finished"
    assert result["mailbox"] == "code 3\n"
    assert result["symbols"] == {"table": [[1, 2], [3, 4]]}
    assert result["emulated_time_s"] == pytest.approx(result["cycles"] * 4e-9)
    assert (result["remarks"], result["call_stack"]) == ([], [])
    assert 0 < result["stack"]["used_bytes"] < result["stack"]["size_bytes"]
    assert "error" not in result


def test_a_trap_still_prints_the_mailbox_and_the_symbols(nuxkit, rule):
    done = nuxkit("run", rule, "--set", "address=0x2002", "--symbol", "result")
    assert done.code == 103
    assert done.out == "code 0\nresult = 14\n"
    assert re.match(
        rf"nuxkit: error: .*/rule\.c:{STORE_LINE}: misaligned 4-byte store to 0x00002002", done.err
    )
    assert "call stack, innermost first:\n  start at" in done.err
    assert re.search(r"\br31 +[0-9a-f]{8}", done.err)


@pytest.mark.parametrize("option", ["--save-core", "--trace"])
def test_a_file_that_cannot_be_written_does_not_hide_the_trap(nuxkit, rule, option):
    done = nuxkit("run", rule, "--set", "address=0x2002", option, f"{rule}/file")
    assert done.code == 103
    written, trap, *_ = done.err.splitlines()
    assert "rule.c/file" in written and ("Not a directory" in written or "File exists" in written)
    assert f"rule.c:{STORE_LINE}: misaligned 4-byte store to 0x00002002" in trap


def test_json_of_a_trap(nuxkit, rule):
    done = nuxkit("run", rule, "--json", "--set", "address=0x20000000", "--symbol", "result")
    assert done.code == 103
    result = done.json
    assert result["return_code"] is None
    assert result["stop"]["reason"] == "out_of_range"
    assert (result["error"]["kind"], result["error"]["exit_code"]) == ("KernelTrap", 103)
    assert result["call_stack"][0]["function"] == "start"
    assert result["call_stack"][0]["line"] == STORE_LINE
    assert result["symbols"] == {"result": 14}


def test_remarks_go_to_standard_error_with_their_line(nuxkit, rule):
    done = nuxkit("run", rule, "--set", "divisor=0", "--set", "amount=33")
    assert done.code == 0
    remarks = [line for line in done.err.splitlines() if line.startswith("nuxkit: remark: ")]
    assert len(remarks) == 2
    assert all(f"rule.c:{DIVIDE_LINE}: " in remark for remark in remarks)
    json = nuxkit("run", rule, "--set", "divisor=0", "--json").json
    assert [(r["kind"], r["line"], r["count"]) for r in json["remarks"]] == [
        ("divide", DIVIDE_LINE, 1)
    ]


def test_remarks_are_errors_if_so_wanted(nuxkit, rule):
    done = nuxkit("run", rule, "--remarks", "raise", "--set", "divisor=0")
    assert done.code == 106
    assert done.out == "code 0\n"
    assert re.search(rf"nuxkit: remark: .*rule\.c:{DIVIDE_LINE}: ", done.err)
    assert done.err.endswith("nuxkit: error: the run left remarks\n")
    assert nuxkit("run", rule, "--remarks", "raise", "--set", "code=3").code == 3


def test_limits_end_the_run(nuxkit, source):
    endless = source("volatile int stay = 1;\nint start(void) { while (stay) { } return 0; }\n")
    done = nuxkit("run", endless, "--max-cycles", 10_000)
    assert done.code == 104
    assert "cycle limit reached after 100" in done.err
    begin = time.perf_counter()
    done = nuxkit("run", endless, "--max-cycles", 2**62, "--max-seconds", 0.2)
    assert done.code == 104
    assert "wall-time limit reached" in done.err
    assert time.perf_counter() - begin < 5


def test_core_hemisphere_seed_and_hardware(nuxkit, source):
    rule = source(
        "#include <nux/nux.h>\nnux_vector_memory row; volatile uint32_t address = 0x2000;\n"
        "int start(void) { fxvstax(fxvinx(NUX_VECTOR_CAUSAL, 0), &row, 0); nux_sync();\n"
        "*(volatile uint32_t *)address = 1; return 0; }\n"
    )
    args = ("run", rule, "--symbol", "row", "--json")
    first = nuxkit(*args, "--seed", 4).json["symbols"]["row"]
    assert first == nuxkit(*args, "--seed", 4, "--core", "reference").json["symbols"]["row"]
    assert first != nuxkit(*args, "--seed", 5).json["symbols"]["row"]
    assert first != nuxkit(*args, "--seed", 4, "--hemisphere", 1).json["symbols"]["row"]
    assert nuxkit("run", rule, "--set", "address=2").code == 103
    assert nuxkit("run", rule, "--set", "address=2", "--hardware").code == 1  # 0xdead0018


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["absent.c"], 100, "nuxkit: error: absent.c: no such file\n"),
        (["absent.elf"], 100, "nuxkit: error: absent.elf: no such file\n"),
        (["text.elf"], 100, "nuxkit: error: text.elf: "),
        (["rule.c", "--set", "nothing=1"], 105, "no symbol 'nothing'"),
        (["rule.c", "--set", "code=1.5"], 105, "code: 1.5 is not an integer"),
        (["rule.c", "--set", "code=4294967296"], 105, "code: 4294967296 is outside int"),
        (["rule.c", "--set", "code=fast"], 105, "code: 'fast' is not"),
        (["rule.c", "--set", "table=[1]"], 105, "needs shape (2, 2)"),
        (["rule.c", "--symbol", "tabel"], 105, "close matches: table"),
        (["rule.c", "--symbol", "table[2]"], 105, "index 2 is outside"),
        (["rule.c", "--hemisphere", "2"], 105, "hemisphere is 2, but must be 0 (top) or 1"),
        (["rule.c", "--max-cycles", "0"], 105, "max_cycles is 0"),
        (["rule.c", "--max-seconds", "-1"], 105, "max_wall_s is -1"),
        (["rule.c", "--max-seconds", "nan"], 105, "max_wall_s is nan"),
        (["rule.c", "--seed", "-1"], 105, "seed is -1"),
        (["broken.c"], 102, "broken.c:1:26: error: 'x' undeclared"),
        (["rule.c", "--set", "code"], 2, "'code' is not of the form NAME=VALUE"),
        (["rule.c", "--core", "fast"], 2, "'fast' is not one of 'native', 'reference'"),
        (["rule.c", "--max-cycles", "many"], 2, "'many' is not a valid integer"),
        (["rule.c", "rule.c"], 2, "unexpected extra argument"),
        ([], 2, "Missing argument 'FILE'"),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_wrong_arguments_give_their_exit_code_and_a_sentence(
    nuxkit, rule, source, args, code, words, flags
):
    source("no program\n", "text.elf")
    source("int start(void) { return x; }\n", "broken.c")
    done = nuxkit("run", *args, *flags)
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err
    if flags and code != 2:
        assert done.json["error"]["exit_code"] == code
    else:
        assert done.out == ""


def environment() -> dict[str, str]:
    folders = [str(ROOT / name) for name in ("hostlib", "emulator")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def test_ctrl_c_ends_the_command_with_130(nuxkit, source, tmp_path):
    source("volatile int stay = 1;\nint start(void) { while (stay) { } return 0; }\n")
    assert nuxkit("build", "rule.c", "-o", "rule.elf").code == 0
    script = (
        "import os, signal, sys, threading\n"
        "from nuxkit.cli import main\n"
        "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "sys.exit(main(['run', 'rule.elf', '--max-cycles', str(2**62)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "nuxkit: interrupted"


def test_ctrl_c_while_the_command_is_loaded_ends_it_so_too():
    script = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from nuxkit_start import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "nuxkit: interrupted\n")


def test_an_edited_kernel_runs_in_less_than_a_second_and_a_half(nuxkit, source, tmp_path):
    source(KERNEL)
    assert nuxkit("run", "rule.c").code == 0  # the runtime is built and cached
    walls = []
    for attempt in range(3):
        source(KERNEL.replace("code = 0", f"code = {attempt + 1}"))
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "nuxkit.cli", "run", "rule.c"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        walls.append(time.perf_counter() - begin)
        assert done.returncode == attempt + 1, done.stderr
    assert min(walls) < 1.5, walls


def test_heavy_libraries_are_not_loaded_for_a_run(nuxkit, source, tmp_path):
    source("int start(void) { return 0; }\n")
    nuxkit("build", "rule.c", "-o", "rule.elf")
    script = (
        "import sys\nfrom nuxkit.cli import main\nassert main(['run', 'rule.elf']) == 0\n"
        "print([m for m in ('matplotlib', 'jinja2', 'scipy') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == "[]\n", done.stderr


def test_help_and_version(nuxkit):
    assert "build" in nuxkit("--help").out
    for command in ("build", "run"):
        done = nuxkit(command, "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"Usage: nuxkit {command} ")
    assert nuxkit("nothing").code == 2


WEIGHTS = """
#include <nux/nux.h>
int start(void) {
    for (uint32_t row = 0; row < 8; row++) {
        fxvoutx(nux_splat8(row + 1), NUX_VECTOR_WEIGHT, 2 * row);
    }
    nux_mailbox_write_string("done");
    return 0;
}
"""


def traced(nuxkit, source, *options):
    done = nuxkit("run", source(WEIGHTS), "--trace", "out.json", *options)
    assert done.code == 0, done.err
    events = json.loads(Path("out.json").read_text())["traceEvents"]
    return [event for event in events if event["ph"] != "M"], done


def test_a_trace_has_what_the_filters_let_through(nuxkit, source):
    everything, _ = traced(nuxkit, source)
    weights = [event for event in everything if event["cat"] == "weights"]
    assert len(weights) == 8 * 128
    assert {event["cat"] for event in everything} == {"weights", "mailbox"}
    rows, _ = traced(
        nuxkit, source, "--trace-kinds", "weights, mailbox", "--trace-rows", "1-2,7",
        "--trace-columns", "4",
    )  # fmt: skip
    shown = [event["name"] for event in rows if event["cat"] == "weights"]
    assert shown == ["[1, 4] 0 > 2", "[2, 4] 0 > 3", "[7, 4] 0 > 8"]
    begin_s, end_s = (weights[i * 128]["ts"] * 1e-6 for i in (2, 4))
    window, _ = traced(
        nuxkit, source, "--trace-kinds", "weights", "--trace-start-s", f"{begin_s:.9f}",
        "--trace-stop-s", f"{end_s:.9f}",
    )  # fmt: skip
    assert {event["args"]["row"] for event in window} == {2, 3}
    assert traced(nuxkit, source, "--trace-hemispheres", "1")[0] == []
    few, done = traced(nuxkit, source, "--trace-kinds", "weights", "--trace-capacity", "5")
    assert len(few) == 5
    assert f"no room for {8 * 128 - 5} more records" in done.err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--trace-rows", "3"), 105, "--trace-rows says what to trace, but there is no --trace"),
        (("--trace", "o.json", "--trace-rows", "5-2"), 2, "'5-2' is no number and no range"),
        (("--trace", "o.json", "--trace-columns", "256"), 2, "256 is too large"),
        (("--trace", "o.json", "--trace-columns", "1,,2"), 2, "'' is no number"),
        (("--trace", "o.json", "--trace-hemispheres", "2"), 105, "hemispheres has 2"),
        (("--trace", "o.json", "--trace-kinds", "weight"), 105, "'weight'"),
        (("--trace", "o.json", "--trace-start-s", "-1"), 105, "start_s"),
        (("--trace", "o.json", "--trace-capacity", "0"), 105, "capacity"),
    ],
)
def test_wrong_trace_options_are_named_before_the_run(nuxkit, source, options, code, words):
    done = nuxkit("run", source(WEIGHTS), *options)
    assert done.code == code
    assert words in done.err
    assert not Path("o.json").exists()


@pytest.mark.parametrize("option", ["--trace", "--save-core"])
def test_the_program_is_not_written_over(nuxkit, rule, tmp_path, option):
    nuxkit("build", rule, "-o", "rule.elf")
    for file in (rule, "rule.elf"):
        before = (tmp_path / file).read_bytes()
        done = nuxkit("run", file, option, file, "--set", "address=0x7f000000")
        assert done.code == 105
        assert f"{file} cannot be written: it is {file}, which is read" in done.err
        assert (tmp_path / file).read_bytes() == before


def test_output_that_cannot_be_written_is_an_error(nuxkit, rule, tmp_path):
    nuxkit("build", rule, "-o", "rule.elf")
    for command in (["run", "--symbol", "gain"], ["run", "--json"], ["disasm"], ["info"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "nuxkit.cli", *command, tmp_path / "rule.elf"],
                env=environment(), stdout=full, stderr=subprocess.PIPE,
                text=True, timeout=60,
            )  # fmt: skip
        assert done.returncode == 100
        words = "nuxkit: error: the output cannot be written: No space left on device\n"
        assert done.stderr.endswith(words)
        assert "Traceback" not in done.stderr
