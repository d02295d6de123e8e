# SPDX-License-Identifier: BSD-3-Clause
"""All that an experiment recorded, as one tree of datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nuxkit.hemispheres import HEMISPHERE_NAMES

from .population import Population
from .projection import Projection

if TYPE_CHECKING:
    import xarray

    from .experiment import Experiment


def collect(experiment: Experiment) -> xarray.DataTree:
    """Make the tree of `Experiment.results`."""
    import xarray

    network = {name: int(value) for name, value in experiment.statistics._asdict().items()}
    root = {
        "time_s": experiment.time_s,
        "seed": experiment.seed,
        **network,
        "remarks": "\n".join(map(str, experiment.remarks)),
        **{
            f"stack_used_bytes_{HEMISPHERE_NAMES[h]}": use.used_bytes
            for h, use in experiment.stack_use.items()
        },
    }
    groups: dict[str, xarray.Dataset] = {"/": xarray.Dataset(attrs=root)}
    for label, population in experiment.populations.items():
        if population.recorded:
            groups[label] = _population(population)
    for label, projection in experiment.projections.items():
        groups[label] = _projection(projection)
    for name, rule in experiment.rules.items():
        groups[name] = rule.observables()
    return xarray.DataTree.from_dict(groups)


def _population(population: Population) -> xarray.Dataset:
    import xarray

    dataset = xarray.Dataset(attrs={"size": population.size})
    if "spikes" in population.recorded:
        times, indices = population.spikes()
        dataset["spike_time_s"] = ("spike", times, {"units": "s"})
        dataset["spike_neuron"] = ("spike", indices)
    return _with_samples(dataset, population)


def _projection(projection: Projection) -> xarray.Dataset:
    import xarray

    dataset = xarray.Dataset(
        attrs={
            "pre": projection.pre.label,
            "post": projection.post.label,
            "receptor": projection.receptor,
            "delay_s": projection.delay_s,
        }
    )
    dataset["final_weights"] = (("pre", "post"), projection.weights, {"units": "LSB"})
    return _with_samples(dataset, projection)


def _with_samples(dataset: xarray.Dataset, owner: Population | Projection) -> xarray.Dataset:
    """Add sampled variables; they share the dimension time if their times are the same."""
    names = [name for name in owner.recorded if name != "spikes"]
    arrays: dict[str, Any] = {name: owner.get_data(name) for name in names}
    times = [array["time"].values for array in arrays.values()]
    together = all(np.array_equal(each, times[0]) for each in times)
    for name, array in arrays.items():
        dataset[name] = array if together else array.rename(time=f"time_{name}")
    return dataset
