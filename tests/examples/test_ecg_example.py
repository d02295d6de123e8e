# SPDX-License-Identifier: BSD-3-Clause
"""examples/ecg.py learns; what the processor does alone is what was trained."""

import re
import sys

import matplotlib.image
import numpy as np
import pytest
import torch
import wfdb

import nuxkit.torch as nt
from example_scripts import load_example
from nuxkit import Chip
from nuxkit.inference import Standalone, twins


def test_the_processor_alone_detects_fibrillation(tmp_path, monkeypatch, capsys):
    example = load_example("ecg")
    arguments = ["--output", str(tmp_path), "--seeds", "1", "--epochs", "14"]
    arguments += ["--traces", "2000", "--standalone", "40"]
    monkeypatch.setattr(sys, "argv", ["example", *arguments])
    example.main()
    text = capsys.readouterr().out
    right = dict(re.findall(r"^(float|quantised|direct|in the loop) +(\d+\.\d+)", text, re.M))
    assert all(float(value) > 78 for value in right.values()), text
    detected, alarms = (
        float(re.search(rf"^{name} +(\d+\.\d)", text, re.M)[1])
        for name in ("detection", "false positives")
    )
    assert detected > alarms + 50
    assert "SYNTHETIC" in text
    assert float(re.search(r"modelled time +(\d+) us", text)[1]) > 100
    assert matplotlib.image.imread(tmp_path / "ecg.png").std() > 0.1


def test_classes_of_the_processor_are_those_of_the_trained_modules():
    example = load_example("ecg")
    traces, _ = example.ecg_traces.synthetic(6, seed=3)
    torch.manual_seed(4)
    with nt.init_hardware():
        model = example.on_chip()
        network = example.network(model)
        inputs = twins.max_min_pool(traces, example.POOL.window, example.POOL.shift)[:, None]
        with torch.no_grad():
            results = model(torch.as_tensor(inputs, dtype=torch.float32)).numpy()
    outputs = Standalone(network, Chip()).run(traces)
    assert np.array_equal(outputs.values, results.argmax(axis=1))
    assert np.array_equal(outputs.values, twins.run(network, traces))


def test_records_are_read_and_cut(tmp_path):
    example = load_example("ecg")
    seconds = np.arange(9000) / 300
    for name, frequency in (("A00001", 5), ("A00002", 2)):
        wave = np.sin(2 * np.pi * frequency * seconds)[:, None]
        wfdb.wrsamp(name, fs=300, units=["mV"], sig_name=["ECG"], p_signal=wave,
                    fmt=["16"], write_dir=str(tmp_path))  # fmt: skip
    (tmp_path / "REFERENCE.csv").write_text("A00001,A\nA00002,N\nA00003,O\n")
    traces, classes, names = example.ecg_traces.records(tmp_path)
    assert traces.shape == (4, 1600)
    assert classes.tolist() == [1, 1, 0, 0]
    assert names.tolist() == ["A00001"] * 2 + ["A00002"] * 2
    crossings = (np.diff(np.sign(traces.astype(float) + 0.5)) > 0).sum(axis=1)
    assert np.allclose(crossings, [62.5, 62.5, 25, 25], atol=2)
    split = example.split_records(tmp_path)
    assert (len(split.train), len(split.test)) == (2, 2)
    (tmp_path / "REFERENCE.csv").write_text("A00003,O\n")
    with pytest.raises(SystemExit, match="no record of class N or A"):
        example.ecg_traces.records(tmp_path)
