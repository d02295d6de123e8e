# SPDX-License-Identifier: BSD-3-Clause
"""Files that are written whole or not at all."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nuxkit.whole_file import write_whole

WRITER = """
import sys
from pathlib import Path
from nuxkit.whole_file import write_whole
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_whole(Path(sys.argv[1]), bytes([letter]) * 4_000_000)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_writer_leaves_a_whole_file_and_nothing_else(tmp_path, number):
    target = tmp_path / "result"
    target.write_bytes(b"old")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(target)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.15)
        writer.send_signal(number)
        writer.wait(20)
    content = target.read_bytes()
    assert content == b"old" or (len(content) == 4_000_000 and len(set(content)) == 1)
    for other in tmp_path.iterdir():  # at most one that was complete, about to get its name
        assert other.stat().st_size in (len(content), 4_000_000)


def test_a_failure_leaves_what_was_there(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        write_whole(tmp_path / "nowhere" / "file", b"new")
    assert list(tmp_path.iterdir()) == []
