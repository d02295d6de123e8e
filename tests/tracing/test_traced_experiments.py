# SPDX-License-Identifier: BSD-3-Clause
"""Rule invocations and deadlines in the trace of an experiment."""

import numpy as np

import nuxkit
from nuxkit import Experiment, Timer, Trace

RULE = """#include <nux/rule.h>
void rule(const nux_call *call) {
    (void)call;
    for (volatile int i = 0; i < 200; i++) { }
}
"""


def test_invocations_have_deadlines_and_each_run_its_own(tmp_path):
    (tmp_path / "busy.c").write_text(RULE)
    experiment = Experiment(seed=1, deadlines="count")
    inputs = experiment.population(2, nuxkit.SpikeSourceArray([[1e-5], [2e-5]]))
    neurons = experiment.population(2)
    synapses = experiment.projection(inputs, neurons, weight=3)
    rule = experiment.rule(tmp_path / "busy.c", projections=synapses, timer=Timer(period_s=20e-6))
    assert experiment.trace is None
    experiment.run(100e-6, trace=Trace())
    found = experiment.trace["rules"]
    log = rule.invocations()
    assert len(found) == len(log) > 0
    assert np.array_equal(found["time_s"], log["begin_s"])
    assert np.allclose(found["deadline_s"], log["release_s"] + 20e-6)
    assert (found["missed"] == (found["end_s"] > found["deadline_s"] + 1e-9)).all()
    assert len(experiment.trace["events"]) > 0
    experiment.run(100e-6, trace=Trace(["rules"]))
    assert set(experiment.trace) == {"rules"}
    assert (experiment.trace["rules"]["end_s"] >= 100e-6).all()
    experiment.trace.to_perfetto(tmp_path / "out.json")
    assert '"busy"' in (tmp_path / "out.json").read_text()
