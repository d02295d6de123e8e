# SPDX-License-Identifier: BSD-3-Clause
"""``nuxkit demo``."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from nuxkit import plot
from nuxkit.cli import text
from nuxkit.cli.common import json_errors, json_option, print_json, print_remarks
from nuxkit.cli.new import write_rule
from nuxkit.dataset_file import save
from nuxkit.errors import ProgramFileError
from nuxkit.experiment import (
    Experiment,
    NeuronPopulation,
    Projection,
    Rule,
    SpikeSourcePoisson,
)
from nuxkit.rules import Timer
from nuxkit.whole_file import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAME = "homeostasis"
_TARGET = 60  # spikes per period
_PERIOD_S = 10e-3
_PERIODS = 60
_INPUTS, _INPUT_RATE_HZ = 16, 20e3
#: Half of the neurons in each hemisphere, so that both processors work.
_COLUMNS = np.arange(32)
_PLACEMENT = np.concatenate([_COLUMNS, 256 + _COLUMNS])
_THRESHOLDS_LSB = np.linspace(105, 137, len(_PLACEMENT))


@click.command("demo")
@click.option(
    "-o",
    "--output",
    default="nuxkit_demo",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Folder for the rule, the pictures and the results.",
)
@click.option("--seed", default=1, show_default=True, help="Of the chip and the input spikes.")
@json_option
def demo_command(output: str, seed: int, as_json: bool) -> int:
    """Run a learning rule and leave pictures of what it did.

    A rule that keeps neurons at a rate (the one of `nuxkit new`) is written into the folder,
    compiled, and run on both processors of the emulated chip while 64 neurons get input.
    One that is there already is run as it is.
    """
    begin = time.perf_counter()
    folder = Path(output)
    with json_errors(as_json):
        source = folder / f"{_NAME}.c"
        if not source.exists():
            write_rule(folder, _NAME)
        experiment, neurons, synapses, rule = _learn(source, seed)
        results = folder / "results.nc"
        save(results, experiment.results())
        files = [*_draw(folder, neurons, synapses, rule), results]
    final = neurons.spike_counts((_PERIODS - 10) * _PERIOD_S) / 10
    summary = {
        "target": rule.parameters["target"],
        "spikes_per_period": float(final.mean()),
        "emulated_time_s": experiment.time_s,
        "wall_time_s": time.perf_counter() - begin,
        "invocations": sum(each.invoked for each in rule.statistics),
        "missed": sum(each.missed + each.dropped for each in rule.statistics),
        "longest_invocation_s": max(each.longest_s for each in rule.statistics),
        "remarks": [text.remark_json(remark) for remark in experiment.remarks],
        "stack": [text.stack_json(use) for use in experiment.stack_use.values()],
    }
    print_remarks(experiment.remarks)
    if as_json:
        print_json({**summary, "files": [str(file) for file in files]})
        return 0
    for file in files:
        click.echo(file)
    click.echo(
        f"{summary['spikes_per_period']:.1f} spikes per period, target {summary['target']}; "
        f"{summary['invocations']} invocations, {summary['missed']} late, the longest "
        f"{text.duration(summary['longest_invocation_s'])}; "
        f"{text.duration(experiment.time_s)} emulated, "
        f"{text.duration(summary['wall_time_s'])} wall time; "
        f"{', '.join(map(text.stack_text, experiment.stack_use.values()))}",
        err=True,
    )
    return 0


def _learn(source: Path, seed: int) -> tuple[Experiment, NeuronPopulation, Projection, Rule]:
    experiment = Experiment(seed=seed, remarks="count")
    inputs = experiment.population(_INPUTS, SpikeSourcePoisson(rate_hz=_INPUT_RATE_HZ))
    neurons = experiment.population(
        len(_PLACEMENT),
        {"threshold_lsb": _THRESHOLDS_LSB},
        label="neurons",
        placement=_PLACEMENT,
    )
    neurons.record("spikes")
    synapses = experiment.projection(inputs, neurons, weight=0, label="synapses")
    rule = experiment.rule(
        source,
        timer=Timer(period_s=_PERIOD_S, count=_PERIODS),
        projections=[synapses],
        populations=[neurons],
        target=_TARGET,
    )
    experiment.run(_PERIODS * _PERIOD_S)
    return experiment, neurons, synapses, rule


def _draw(folder: Path, neurons: NeuronPopulation, synapses: Projection, rule: Rule) -> list[Path]:
    """Write the pictures; gives their files."""
    import matplotlib

    matplotlib.use("agg")  # files only, also without a screen
    import matplotlib.pyplot as plt

    recorded = rule.observables()
    end_s = _PERIODS * _PERIOD_S
    log = rule.invocations()
    size = neurons.size
    figures: dict[str, Figure | Any] = {
        "raster": plot.raster(neurons.spikes(end_s - 2 * _PERIOD_S)).figure,
        "rates": plot.rates(
            neurons.spikes(), size=size, stop_s=end_s, target_hz=_TARGET / _PERIOD_S
        ).figure,
        "weights_over_time": plot.weight_evolution(recorded["weights"]).figure,
        "weight_matrix": plot.weight_matrix(synapses.weights).figure,
        "observables": plot.observables_over_time(recorded, ["weights", "spikes"])[0].figure,
        "timeline": plot.rule_timeline(log[log["index"] < 4], period_s=_PERIOD_S).figure,
    }
    files = [folder / f"{name}.png" for name in figures]
    for file, figure in zip(files, figures.values(), strict=True):
        try:
            content = io.BytesIO()
            figure.savefig(content, dpi=110, format="png")
            write_whole(file, content.getvalue())
        except OSError as error:
            raise ProgramFileError(f"{file}: {error.strerror or error}") from error
        plt.close(figure)
    return files
