# SPDX-License-Identifier: BSD-3-Clause
"""The network in Brian2, in biological time, as a compiled stand-alone program (its fastest mode).

Run as a program, in a process of its own, because Brian2 keeps its state in the module:
``python -m comparison.brian_network REQUEST.npz RESULT.npz``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from comparison.network_model import COLUMNS, INHIBITORY_ROWS, NEURONS, ROWS, Network, Outcome

SPEED_UP = 1000.0  # hardware over biological time
# Time steps, s of biological time: Brian2's default, which has an error of 1 to 2 %, and the one
# at which both simulators are compared.
DEFAULT_STEP_S, AGREED_STEP_S = 1e-4, 2e-5

NEURON = """
dv/dt = (leak - v) / tau_mem + i_exc - i_inh : 1 (unless refractory)
di_exc/dt = -i_exc / tau_syn : Hz
di_inh/dt = -i_inh / tau_syn : Hz
"""
# Nearest neighbours: each spike pairs once, with the last one of the other side before it.
SYNAPSE = """
w : 1
polarity : 1 (constant)
causal : 1
acausal : 1
pre_time : second
post_time : second
unpaired_before : 1
unpaired_after : 1
"""
ON_PRE = """
i_exc_post += (1 + polarity) / 2 * w * charge / tau_syn
i_inh_post += (1 - polarity) / 2 * w * charge / tau_syn
acausal += unpaired_after * amplitude * exp((post_time - t) / tau_c)
unpaired_after = 0
unpaired_before = 1
pre_time = t
"""
ON_POST = """
causal += unpaired_before * amplitude * exp((pre_time - t) / tau_c)
unpaired_before = 0
unpaired_after = 1
post_time = t
"""
# The rule of kernels that read both sensors and reset them, see stdp_both.c.
UPDATE = """
w = clip(w + floor(rate * (causal - acausal)), 0, 63)
causal = 0
acausal = 0
"""


def simulate(
    networks: Sequence[Network],
    *,
    step_s: float,
    rate: float = 0.0,
    period_s: float = 0.0,
    program: Path | None = None,
) -> list[Outcome]:
    """Simulate networks side by side, in another process and one compiled program.

    Parameters
    ----------
    networks : sequence of Network
        All of the same duration and parameters.
    step_s : float
        Time step, seconds of biological time.
    rate, period_s : float
        Learning rate, and period of the weight updates (s of hardware time; 0: none).
    program : Path, optional
        Folder for the compiled program, which `run_again` runs; else it is removed.

    Returns
    -------
    list of Outcome
        One for each network; `wall_s` is that of all together.
    """
    options = {"step_s": step_s, "rate": rate, "period_s": period_s}
    options |= {"duration_s": networks[0].duration_s, **asdict(networks[0].parameters)}
    options["program"] = str(program.resolve()) if program else ""
    with tempfile.TemporaryDirectory() as folder:
        request, result = Path(folder) / "request.npz", Path(folder) / "result.npz"
        np.savez(
            request,
            weights=np.stack([network.weights for network in networks]),
            labels=np.stack([network.labels for network in networks]),
            partner=np.stack([n.partner + i * NEURONS for i, n in enumerate(networks)]),
            times_s=np.concatenate([network.times_s for network in networks]),
            rows=np.concatenate([n.rows + i * 2 * ROWS for i, n in enumerate(networks)]),
            options=np.array(json.dumps(options)),
        )
        command = [sys.executable, "-m", "comparison.brian_network", str(request), str(result)]
        tests = Path(__file__).resolve().parents[1]
        done = subprocess.run(command, cwd=tests, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError(f"Brian2 failed:\n{done.stderr[-4000:]}")
        with np.load(result) as found:
            wall_s = float(found["wall_s"])
            columns = (found["spikes"], found["causal"], found["acausal"])
            return [Outcome(*values, wall_s) for values in zip(*columns, strict=True)]


def run_again(program: Path) -> float:
    """Run a compiled program once more; its wall time as `simulate` reports it, seconds."""
    subprocess.run([program / "main"], cwd=program, check=True, capture_output=True, timeout=600)
    seconds, _ = (program / "results" / "last_run_info.txt").read_text().split()
    return float(seconds)


def _on_steps(times_s: Any, rows: Any, step_s: float) -> tuple[Any, Any]:
    """Input in steps; Brian2 takes one spike of a source in each."""
    step = np.floor(times_s * SPEED_UP / step_s).astype(np.int64)
    _, first = np.unique(step * (rows.max() + 1) + rows, return_index=True)
    return rows[first], (step[first] + 0.25) * step_s


def main(request: str, result: str) -> None:
    """Read a request, simulate, write the result."""
    import brian2 as b2

    with np.load(request) as asked:
        options = json.loads(str(asked["options"]))
        weights, labels = asked["weights"], asked["labels"]
        partner, times_s, rows = asked["partner"], asked["times_s"], asked["rows"]
    folder = options["program"] or tempfile.mkdtemp(dir=Path(result).parent)
    b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    copies = len(weights)
    second = b2.second
    b2.defaultclock.dt = options["step_s"] * second
    space = {
        "leak": options["leak_lsb"],
        "threshold": options["threshold_lsb"],
        "reset": options["reset_lsb"],
        "tau_mem": options["tau_mem_s"] * SPEED_UP * second,
        "tau_syn": options["tau_syn_s"] * SPEED_UP * second,
        "tau_c": options["tau_correlation_s"] * SPEED_UP * second,
        "charge": options["charge_lsb"],
        "amplitude": options["amplitude_lsb"],
        "rate": options["rate"],
    }
    indices, spike_times = _on_steps(times_s, rows, options["step_s"])
    inputs = b2.SpikeGeneratorGroup(copies * 2 * ROWS, indices, spike_times * second)
    neurons = b2.NeuronGroup(
        copies * NEURONS,
        NEURON,
        threshold="v >= threshold",
        reset="v = reset",
        refractory=options["refractory_time_s"] * SPEED_UP * second,
        method="exact",
        namespace=space,
    )
    neurons.v = options["leak_lsb"]
    groups = []
    copy, hemisphere, row, column = np.indices(weights.shape).reshape(4, -1)
    for label, source in ((0, inputs), (1, neurons)):
        chosen = labels.reshape(-1) == label
        at = n, h, r, c = copy[chosen], hemisphere[chosen], row[chosen], column[chosen]
        half = 2 * n + h
        synapses = b2.Synapses(
            source, neurons, SYNAPSE, on_pre=ON_PRE, on_post=ON_POST, namespace=space
        )
        synapses.connect(
            i=half * ROWS + r if label == 0 else partner[n, h, r], j=half * COLUMNS + c
        )
        synapses.w = weights[at].astype(float)
        synapses.polarity = np.where(r < ROWS - INHIBITORY_ROWS, 1.0, -1.0)
        if label == 1:
            synapses.pre.delay = options["delay_s"] * SPEED_UP * second
        if options["period_s"]:
            synapses.run_regularly(UPDATE, dt=options["period_s"] * SPEED_UP * second, when="end")
        groups.append((synapses, at))
    monitor = b2.SpikeMonitor(neurons, record=False)
    network = b2.Network(inputs, neurons, monitor, *[group[0] for group in groups])
    network.run(options["duration_s"] * SPEED_UP * second)
    b2.device.build(directory=folder, compile=True, run=False)
    b2.device.run(directory=folder, with_output=False, run_args=[])
    sensors = {name: np.zeros(weights.shape) for name in ("causal", "acausal")}
    for synapses, at in groups:
        for name, values in sensors.items():
            values[at] = np.asarray(getattr(synapses, name))
    wall_s = b2.device._last_run_time  # of the simulation alone, as the program measures it
    np.savez(
        result, spikes=np.asarray(monitor.count).reshape(copies, NEURONS), wall_s=wall_s, **sensors
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
