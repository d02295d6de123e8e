# SPDX-License-Identifier: BSD-3-Clause
"""Which presynaptic neurons a projection connects to which postsynaptic ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nuxkit.errors import InputError

Connected = npt.NDArray[np.bool_]


class Connector(Protocol):
    """Anything that can say which pairs are connected."""

    def connect(self, pre: int, post: int) -> Connected:
        """Return which of `pre` by `post` pairs are connected, bool of shape (pre, post)."""


@dataclass(frozen=True)
class AllToAll:
    """Every presynaptic neuron to every postsynaptic one."""

    def connect(self, pre: int, post: int) -> Connected:
        """Return True for all pairs, shape (pre, post)."""
        return np.ones((pre, post), np.bool_)


@dataclass(frozen=True)
class OneToOne:
    """Neuron i to neuron i; both populations have the same size."""

    def connect(self, pre: int, post: int) -> Connected:
        """Return the diagonal, shape (pre, post)."""
        if pre != post:
            raise InputError(
                f"OneToOne needs populations of the same size, but they have {pre} and {post}"
            )
        return np.eye(pre, dtype=np.bool_)


@dataclass(frozen=True)
class FromList:
    """Pairs one by one.

    Parameters
    ----------
    pairs : sequence of (int, int)
        Indices of the presynaptic and of the postsynaptic neuron, shape (n, 2).
    """

    pairs: Sequence[tuple[int, int]] | npt.NDArray[np.int64]

    def connect(self, pre: int, post: int) -> Connected:
        """Return True for the pairs of the list, shape (pre, post)."""
        pairs = np.asarray(self.pairs)
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
            raise InputError(
                f"FromList needs integers of shape (n, 2): pairs of pre and post, but got shape "
                f"{pairs.shape} of {pairs.dtype}"
            )
        for axis, (name, size) in enumerate((("pre", pre), ("post", post))):
            wrong = (pairs[:, axis] < 0) | (pairs[:, axis] >= size)
            if wrong.any():
                at = int(np.argmax(wrong))
                raise InputError(
                    f"FromList: pair {at} has {name} {pairs[at, axis]}, but must be from 0 to "
                    f"{size - 1}"
                )
        connected = np.zeros((pre, post), np.bool_)
        connected[pairs[:, 0], pairs[:, 1]] = True
        if np.count_nonzero(connected) < len(pairs):
            seen: set[tuple[int, int]] = set()
            for first, second in pairs.tolist():
                if (first, second) in seen:
                    raise InputError(f"FromList: pair ({first}, {second}) occurs twice")
                seen.add((first, second))
        return connected
