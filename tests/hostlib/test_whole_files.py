# SPDX-License-Identifier: BSD-3-Clause
"""Files that are written whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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


@pytest.mark.parametrize("path", [".", "folder"])
def test_a_folder_is_no_file(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(Path(path), b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_what_is_no_file_is_written_to_and_stays(tmp_path):
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write_whole(link, b"new")
    assert link.is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert pipe.is_fifo()
