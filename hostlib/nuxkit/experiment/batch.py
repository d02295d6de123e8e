# SPDX-License-Identifier: BSD-3-Clause
"""The same network run several times with other inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nuxkit.errors import InputError

if TYPE_CHECKING:
    import xarray

    from .experiment import Experiment

_FILL = {"f": np.nan, "i": -1, "u": 0, "b": False}


def run_batch(
    experiment: Experiment,
    entries: Sequence[Mapping[Any, Mapping[str, Any]]],
    duration_s: float,
    max_wall_s: float | None,
) -> xarray.DataTree:
    """See `Experiment.run_batch`."""
    if not isinstance(entries, Sequence) or not entries:
        raise InputError("entries of a batch must be a list of at least one mapping")
    chosen = [_settable(experiment, number, entry) for number, entry in enumerate(entries)]
    everything: dict[int, Any] = {id(one): one for entry in chosen for one, _ in entry}
    before = [(one, one.settings) for one in everything.values()]
    trees = []
    try:
        for number, entry in enumerate(chosen):
            for one, settings in before:
                one.put(settings)
            experiment.begin_batch(number)
            for one, values in entry:
                one.set(**values)
            experiment.run(duration_s, max_wall_s=max_wall_s)
            trees.append(experiment.results())
    finally:
        experiment.end_batch()
        for one, settings in before:
            one.put(settings)
    return _stacked(trees)


def _settable(
    experiment: Experiment, number: int, entry: Mapping[Any, Mapping[str, Any]]
) -> list[tuple[Any, Mapping[str, Any]]]:
    if not isinstance(entry, Mapping):
        raise InputError(f"entry {number} of the batch is {entry!r}, but must be a mapping")
    for key, values in entry.items():
        if not isinstance(values, Mapping):
            raise InputError(
                f"entry {number} of the batch: {key!r} has {values!r}, but must have a mapping "
                "from parameters to values"
            )
    return [(experiment.settable(key), values) for key, values in entry.items()]


def _stacked(trees: list[xarray.DataTree]) -> xarray.DataTree:
    """Join trees of the same groups along a new dimension ``batch``."""
    import xarray

    groups = {
        node.path: _joined([tree[node.path].to_dataset() for tree in trees])
        for node in trees[0].subtree
    }
    return xarray.DataTree.from_dict(groups)


def _joined(datasets: list[xarray.Dataset]) -> xarray.Dataset:
    import xarray

    sizes = {dim: max(each.sizes[dim] for each in datasets) for dim in datasets[0].sizes}
    padded = []
    for each in datasets:
        lacking = {dim: (0, size - each.sizes[dim]) for dim, size in sizes.items()}
        lacking = {dim: width for dim, width in lacking.items() if width[1]}
        if lacking:
            fill = {name: _FILL.get(each[name].dtype.kind) for name in each.variables}
            each = each.pad(lacking, constant_values=fill)
        padded.append(each)
    attrs = {
        name: [each.attrs[name] for each in datasets]
        if len({str(each.attrs[name]) for each in datasets}) > 1
        else value
        for name, value in datasets[0].attrs.items()
    }
    joined = xarray.concat(padded, "batch", coords="different", compat="equals", join="override")
    joined.attrs = attrs
    return joined
