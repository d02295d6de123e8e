# SPDX-License-Identifier: BSD-3-Clause
"""The first rule of the README and the documentation does what the text says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST_RULE = REPOSITORY / "docs" / "first_rule"
LICENSE_LINES = ("// SPDX", "# SPDX")


@pytest.mark.parametrize("name", ["first_rule.c", "first_rule.py"])
def test_readme_shows_the_files_of_the_documentation(name: str) -> None:
    lines = (FIRST_RULE / name).read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith(LICENSE_LINES))
    assert text in (REPOSITORY / "README.md").read_text()


def test_first_rule_strengthens_the_one_correlated_synapse(tmp_path: Path) -> None:
    for name in ("first_rule.c", "first_rule.py"):
        shutil.copy(FIRST_RULE / name, tmp_path)
    folders = [str(REPOSITORY / folder) for folder in ("hostlib", "emulator")]
    finished = subprocess.run(
        [sys.executable, "first_rule.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    promised = (FIRST_RULE / "first_rule.py").read_text().rsplit("# ", 1)[1]
    assert finished.stdout == promised
