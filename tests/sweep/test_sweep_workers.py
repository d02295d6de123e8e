# SPDX-License-Identifier: BSD-3-Clause
"""Worker processes that die, scripts without a guard, and a Dask cluster."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import nuxkit
from nuxkit import InputError


def dies_once(a, marks):
    mark = os.path.join(marks, str(a))
    if a % 3 == 0 and not os.path.exists(mark):
        open(mark, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": a * a}


def always_dies(a):
    if a == 2:
        os._exit(7)
    return {"square": a * a}


def slow(a, folder):
    open(os.path.join(folder, f"{a}-{os.getpid()}"), "w").close()
    time.sleep(0.1)
    return {"square": a * a}


def test_points_of_killed_workers_are_computed_again(tmp_path):
    points = {"a": list(range(8)), "marks": [str(tmp_path)]}
    result = nuxkit.sweep(dies_once, points, workers=2).squeeze("marks")
    np.testing.assert_array_equal(result.square, np.arange(8) ** 2)
    assert (result.sweep_error == "").all()
    assert sorted(os.listdir(tmp_path)) == ["0", "3", "6"]


def test_a_worker_killed_from_outside_loses_nothing(tmp_path):
    def kill_a_worker():
        while not (found := os.listdir(tmp_path)):
            time.sleep(0.01)
        os.kill(int(found[0].split("-")[1]), signal.SIGKILL)

    killer = threading.Thread(target=kill_a_worker)
    killer.start()
    points = {"a": list(range(8)), "folder": [str(tmp_path)]}
    result = nuxkit.sweep(slow, points, workers=2).squeeze("folder")
    killer.join()
    np.testing.assert_array_equal(result.square, np.arange(8) ** 2)
    assert len({name.split("-")[1] for name in os.listdir(tmp_path)}) == 3


def test_a_point_that_kills_three_workers_is_reported():
    with pytest.warns(RuntimeWarning, match="1 of 4 points failed"):
        result = nuxkit.sweep(always_dies, {"a": [0, 1, 2, 3]}, workers=2)
    np.testing.assert_array_equal(result.square, [0, 1, np.nan, 9])
    expected = "3 worker processes died, the last by exit code 7"
    assert result.sweep_error.values.tolist() == ["", "", expected, ""]


def test_what_cannot_be_sent_says_so():
    lock = threading.Lock()
    with pytest.raises(InputError, match=r"cannot be sent to a worker process.*workers=0"):
        nuxkit.sweep(lambda a: {"x": lock.locked()}, {"a": [1]}, workers=1)


SCRIPT = """
import sys
import numpy as np
import nuxkit

SCALE = 3

def scaled(a):
    return {"scaled": SCALE * a, "main": __name__}

result = nuxkit.sweep(scaled, {"a": range(4)}, workers=2)
print(result.scaled.values.tolist(), *set(result.main.values.tolist()))
"""


def test_a_script_needs_no_guard_and_runs_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import sys\nsys.path[:] += {sys.path!r}\n{SCRIPT}")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.stdout == "[0, 3, 6, 9] __main__\n", done.stderr


def test_ctrl_c_ends_the_sweep_and_its_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"import sys, os, time\nsys.path[:] += {sys.path!r}\nimport nuxkit\n"
        "def sleeps(a):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "    return {}\n"
        "nuxkit.sweep(sleeps, {'a': range(4)}, workers=1)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    worker = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def fails_at_two(a, seed):
    if a == 2:
        raise ValueError("two")
    return {"noise": np.random.default_rng(seed).normal(size=2)}


def test_a_cluster_gives_the_same(client, tmp_path):
    with pytest.warns(RuntimeWarning, match="1 of 4"):
        expected = nuxkit.sweep(fails_at_two, {"a": range(4)}, seed=1, workers=0)
    with pytest.warns(RuntimeWarning, match="1 of 4"):
        got = nuxkit.sweep(fails_at_two, {"a": range(4)}, seed=1, client=client, folder=tmp_path)
    assert got.identical(expected)
    assert len(list(tmp_path.glob("*.nc"))) == 3
