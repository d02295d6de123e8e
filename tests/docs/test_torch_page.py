# SPDX-License-Identifier: BSD-3-Clause
"""The code of docs/torch.md runs as it is printed, and says what its comments say."""

import re
from pathlib import Path

import nuxkit.torch as nt

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "torch.md").read_text()


def test_code_runs_from_top_to_bottom(capsys):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
        for comment in re.findall(r"^# (.*)", block, re.MULTILINE):
            assert capsys.readouterr().out == comment + "\n"
    assert names["logits"].shape == (64, 10)
    assert len(names["operations"]) == 5
    nt.release_hardware()


def test_names_in_the_table_exist():
    table = PAGE.split("## Names")[1].split("##")[0]
    here = [row.split("|")[2] for row in table.splitlines() if row.startswith("| ")][1:]
    names = re.findall(r"`((?:nn\.)?\w+)", " ".join(here))
    assert len(names) > 12
    for name in names:
        assert hasattr(nt.nn, name[3:]) if name.startswith("nn.") else hasattr(nt, name), name
