# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit new``, and what it writes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_script(folder):
    path = os.pathsep.join([str(ROOT / "hostlib"), str(ROOT / "emulator")])
    environment = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg"}
    return subprocess.run(
        [sys.executable, f"{folder.name}.py"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_script_has_ten_lines_or_fewer_and_makes_a_picture(nuxkit, tmp_path):
    done = nuxkit("new", "sub/my_rule")
    assert done.code == 0
    assert done.out.splitlines() == ["sub/my_rule/my_rule.c", "sub/my_rule/my_rule.py"]
    assert "cd sub/my_rule && python my_rule.py" in done.err
    folder = tmp_path / "sub" / "my_rule"
    lines = [line for line in (folder / "my_rule.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 10
    ran = run_script(folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (folder / "my_rule.png").read_bytes().startswith(b"\x89PNG")


def test_the_rule_reaches_its_target(nuxkit, tmp_path):
    nuxkit("new", "my_rule")
    script = (tmp_path / "my_rule" / "my_rule.py").read_text()
    values: dict = {}
    os.chdir(tmp_path / "my_rule")
    exec(compile(script, "my_rule.py", "exec"), values)
    recorded = values["rule"].observables()
    late = recorded.spikes[-15:].mean()
    assert abs(late - 60) < 6
    assert abs(float(recorded.spikes[:5].mean()) - 60) > 20
    assert recorded.invocations[-1].values.tolist() == [50]
    assert sum(each.missed + each.dropped for each in values["rule"].statistics) == 0


def test_the_rule_compiles_without_warnings(nuxkit):
    nuxkit("new", "my_rule")
    done = nuxkit("info", "my_rule/my_rule.c")
    assert (done.code, done.err) == (0, "")
    assert "uint8 target" in done.out


def test_nothing_is_overwritten(nuxkit, tmp_path):
    (tmp_path / "my_rule").mkdir()
    (tmp_path / "my_rule" / "my_rule.py").write_text("mine")
    done = nuxkit("new", "my_rule")
    assert done.code == 105
    assert "my_rule/my_rule.py exists already; nothing was written" in done.err
    assert [file.name for file in (tmp_path / "my_rule").iterdir()] == ["my_rule.py"]


@pytest.mark.parametrize("name", ["my-rule", "3rules", "a b", "/", "größe"])
def test_names_that_c_does_not_take_are_refused(nuxkit, tmp_path, name):
    done = nuxkit("new", name)
    assert done.code == 105
    assert "cannot be the name of a rule" in done.err
    assert not list(tmp_path.iterdir())


def test_json_lists_the_files_and_errors(nuxkit, tmp_path):
    (tmp_path / "file").write_text("")
    assert nuxkit("new", "here", "--json").json["files"] == ["here/here.c", "here/here.py"]
    failed = nuxkit("new", "file/rule", "--json")
    assert failed.code == 100
    assert re.search("file", failed.json["error"]["message"])


@pytest.mark.parametrize("name", ["nuxkit", "numpy", "random"])
def test_scripts_that_would_hide_a_module_are_refused(nuxkit, tmp_path, name):
    done = nuxkit("new", name)
    assert done.code == 105
    assert f"{name}.py would hide a module" in done.err
    assert not list(tmp_path.iterdir())


def test_the_command_to_try_can_be_pasted(nuxkit):
    assert "cd 'my rules/first' && python first.py" in nuxkit("new", "my rules/first").err


def test_of_files_that_cannot_all_be_written_none_stays(nuxkit, tmp_path):
    (tmp_path / "my_rule").mkdir()
    (tmp_path / "my_rule" / "my_rule.py").symlink_to("nowhere/else")
    done = nuxkit("new", "my_rule")
    assert done.code == 100
    assert [file.name for file in (tmp_path / "my_rule").iterdir()] == ["my_rule.py"]
