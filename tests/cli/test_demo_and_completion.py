# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit demo``, ``nuxkit completion``, and completion itself."""

import os
import shutil
import subprocess
import sys

import pytest
import xarray as xr

PICTURES = [
    "raster", "rates", "weights_over_time", "weight_matrix", "observables", "timeline",
]  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """An ELF file."""
    from nuxkit import build

    folder = tmp_path_factory.mktemp("program")
    (folder / "rule.c").write_text("int rate, other; int start(void) { return rate + other; }\n")
    return build(folder / "rule.c", output=folder / "rule.elf").elf_path


def test_the_demo_learns_and_leaves_pictures_and_results(nuxkit, tmp_path):
    values = nuxkit("demo", "--output", "out", "--json").json
    assert abs(values["spikes_per_period"] - values["target"]) < 6
    assert values["missed"] == 0
    assert values["invocations"] == 120  # on both processors
    assert values["files"] == [*(f"out/{name}.png" for name in PICTURES), "out/results.nc"]
    for name in PICTURES:
        assert (tmp_path / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    with xr.open_datatree(tmp_path / "out" / "results.nc", engine="h5netcdf") as tree:
        assert tree["homeostasis"]["weights"].shape == (60, 16, 64)
    rule = tmp_path / "out" / "homeostasis.c"
    assert (tmp_path / "out" / "homeostasis.py").exists()

    rule.write_text(rule.read_text().replace("rule(const", "not_a_rule(const"))
    failed = nuxkit("demo", "--output", "out")  # runs what is there, and says what is wrong
    assert failed.code == 102
    assert "rule" in failed.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_the_shell_takes(nuxkit, shell, tmp_path):
    done = nuxkit("completion", shell)
    assert done.code == 0
    assert "_NUXKIT_COMPLETE" in done.out
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here to try it")
    (tmp_path / "script").write_text(done.out)
    subprocess.run([shell, "-n", tmp_path / "script"], check=True)


def test_an_unknown_shell_is_refused(nuxkit):
    done = nuxkit("completion", "tcsh")
    assert done.code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.err


def complete(line):
    """What bash would offer for the last word of a line."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from nuxkit.cli import main; main()"
    environment = {
        **os.environ,
        "_NUXKIT_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    return [row.split(",") for row in done.stdout.split()]


def test_commands_options_files_and_symbols_are_completed(program):
    assert complete("nuxkit di") == [["plain", "disasm"]]
    assert ["plain", "--max-cycles"] in complete("nuxkit run --max")
    assert complete("nuxkit run ru")[0][0] == "file"
    assert complete(f"nuxkit run {program} --symbol ra") == [["plain", "rate"]]
    assert complete(f"nuxkit disasm {program} st") == [["plain", "start"]]
    assert complete("nuxkit disasm absent.elf st") == []
