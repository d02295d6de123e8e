# SPDX-License-Identifier: BSD-3-Clause
"""The example of docs/rules.md does what the page says."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text()


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    (rule,) = re.findall(r"```c\n(.*?)```", PAGE, re.DOTALL)
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("growth.c").write_text(rule)
    names: dict = {}
    exec(script, names)
    assert capsys.readouterr().out.startswith("[ 2  4  6  8 10 12 17 22 27 32]\nRuleStatistics(")
    assert names["program"].build.warnings == ()
    assert [one.missed + one.dropped for one in names["program"].statistics(names["chip"])] == [
        0,
        0,
    ]
