# SPDX-License-Identifier: BSD-3-Clause
"""The session on the page about debugging."""

import re
import subprocess
import threading
from pathlib import Path

import nuxkit

PAGE = Path(__file__).parents[2] / "docs" / "debugging.md"


def test_the_session_goes_as_it_is_shown(tmp_path, monkeypatch):
    section = PAGE.read_text().partition("## A session")[2].partition("\n## ")[0]
    code, *shown = re.findall(r"```\w*\n(.*?)```", section, re.S)
    monkeypatch.chdir(tmp_path)
    Path("rule.c").write_text(code)
    program = nuxkit.build("rule.c").program
    printed, threads = [], []

    def attach(greeting):
        commands = ["set width 0", re.search(r"target remote [\d.:]+", greeting)[0]]
        for command in re.findall(r"^\(gdb\) (.*)$", "".join(shown), re.M):
            commands += [f"echo (gdb) {command}\\n", command]
        arguments = [word for each in commands for word in ("-ex", each)]

        def run():
            gdb = ["gdb-multiarch", "-nx", "-batch", str(program.path), *arguments]
            done = subprocess.run(gdb, capture_output=True, text=True, timeout=60)
            printed.append(done.stdout)

        threads.append(threading.Thread(target=run))
        threads[0].start()

    (result,) = nuxkit.Chip().debug(program, symbols={"rows": 4}, announce=attach)
    threads[0].join(60)
    _, mark, session = printed[0].partition("(gdb) ")
    assert _lines(mark + session) == _lines("".join(shown))
    assert result.return_code == 7


def _lines(text):
    """Lines that are not empty, without addresses and folders, which compilers choose."""
    plain = re.sub(r"0x[0-9a-f]{3,8}\b(?! )|0x0[0-9a-f]{7}|/\S*/", "", text)
    return [line for line in plain.splitlines() if line]
