# SPDX-License-Identifier: BSD-3-Clause
"""The same network run several times with other inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nuxkit.errors import InputError, NuxkitError

if TYPE_CHECKING:
    import xarray

#: What arrays are filled up with, by kind of dtype.
_FILL: dict[str, float] = {"f": np.nan, "i": -1, "u": 0, "b": 0}


class Settable(Protocol):
    """A population or a rule."""

    @property
    def settings(self) -> Any:
        """What `set` changes."""

    def put(self, settings: Any) -> None:
        """Put back earlier `settings`."""

    def set(self, **values: Any) -> None:
        """Change parameters."""


def run_batch(
    entries: Sequence[Sequence[tuple[Settable, Mapping[str, Any]]]],
    run: Callable[[int], xarray.DataTree],
) -> xarray.DataTree:
    """Run all entries, each with the settings that there were before.

    Parameters
    ----------
    entries : sequence
        What each of them sets.
    run : callable
        Starts anew, sets that and runs the entry of a number; returns its results.
    """
    if not entries:
        raise InputError("a batch needs at least one entry")
    concerned = {id(one): one for entry in entries for one, _ in entry}
    before = [(one, one.settings) for one in concerned.values()]
    trees = []
    for number in range(len(entries)):
        try:
            trees.append(run(number))
        except NuxkitError as problem:
            problem.add_note(f"in entry {number} of {len(entries)} of the batch")
            raise
        finally:
            for one, settings in before:
                one.put(settings)
    return _stacked(trees)


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
            fill = {name: _FILL.get(of.dtype.kind, np.nan) for name, of in each.variables.items()}
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
