# SPDX-License-Identifier: BSD-3-Clause
"""The worked example of the page about experiments prints what it says, and its rule works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import nuxkit

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "experiments"


def test_worked_example_prints_what_its_text_says(tmp_path):
    for name in ("balance.c", "balance.py"):
        shutil.copy(FOLDER / name, tmp_path)
    finished = subprocess.run(
        [sys.executable, "balance.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    text = (FOLDER / "balance.py").read_text().splitlines()
    assert finished.stdout.splitlines() == [line[2:] for line in text[-2:]]

    results = nuxkit.load(tmp_path / "balance.nc")
    rule, spikes = results["balance"], results["neurons"]
    counts = np.zeros((119, 300), int)  # of the periods that end with an invocation
    inside = spikes["spike_time_s"].values < 0.119
    period = (spikes["spike_time_s"].values[inside] / 1e-3).astype(int)
    np.add.at(counts, (period, spikes["spike_neuron"].values[inside]), 1)
    recorded = rule["spikes"].values
    close = np.abs(counts.clip(max=100) - recorded) <= 2  # the rule reads a little later
    assert close.mean() > 0.99

    target = np.where(rule["index"] < 59, 20, 40)[:, None]  # 59: at 60 ms, after the change
    change = np.sign(target - recorded.astype(int))[:, None, :]
    before = np.concatenate([np.full((1, 16, 300), 10), rule["weights"].values[:-1]])
    assert np.array_equal(rule["weights"], np.clip(before + change, 0, 63))
