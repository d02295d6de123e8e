# SPDX-License-Identifier: BSD-3-Clause
"""Neurons that find the firing rate that they are told."""

import nuxkit

experiment = nuxkit.Experiment(seed=1)
inputs = experiment.population(16, nuxkit.SpikeSourcePoisson(rate_hz=20e3), label="inputs")
neurons = experiment.population(300, {"tau_mem_s": 20e-6}, label="neurons")
synapses = experiment.projection(inputs, neurons, weight=10, label="synapses")
rule = experiment.rule(
    "balance.c",
    timer=nuxkit.Timer(start_s=1 * nuxkit.ms, period_s=1 * nuxkit.ms),
    projections=synapses,
    populations=neurons,
    target=20,
)
neurons.record("spikes")

experiment.run(60 * nuxkit.ms)
first = neurons.spike_counts(start_s=50e-3).mean() / 10

rule.parameters["target"] = 40  # nothing is compiled
inputs.set(rate_hz=40e3)
experiment.run(60 * nuxkit.ms)  # goes on
second = neurons.spike_counts(start_s=110e-3).mean() / 10

print(f"{first:.1f} and {second:.1f} spikes per neuron and ms")
print(rule.observables()["weights"].mean(["pre", "post"]).values[[0, 58, 118]].round(1))
nuxkit.save("balance.nc", experiment.results())

# 19.5 and 40.1 spikes per neuron and ms
# [11.  40.1 27.9]
