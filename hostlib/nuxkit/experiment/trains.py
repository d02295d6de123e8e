# SPDX-License-Identifier: BSD-3-Clause
"""Spikes of the sources of a population, span by span of time.

A train gives the same spikes however time is cut into spans, and on every machine: random numbers
are integers scaled by powers of two, and nothing depends on a library's rounding of functions.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .checks import Reals
from .sources import Source, SpikeSourceArray, SpikeSourcePoisson, span

Indices = npt.NDArray[np.int64]

#: Spikes of a block of Poisson processes: of all of them, and of the fastest, on average.
_BLOCK_SPIKES = 4096
_BLOCK_SPIKES_OF_ONE = 256
#: Probability below which numbers of spikes are left out of a table.
_SMALLEST = 1e-20


class SpikeTimes(NamedTuple):
    """Spikes of a population, sorted by time.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n,)
        Hardware time since the experiment's start, seconds.
    indices : ndarray of int64, shape (n,)
        Which neuron of the population.
    """

    times_s: Reals
    indices: Indices


class Train(Protocol):
    """Spikes of a population of sources."""

    #: Mean number of spikes per second of all sources, as far as it is known beforehand.
    rate_hz: float

    def spikes(self, begin_s: float, end_s: float) -> SpikeTimes:
        """Return the spikes from `begin_s` on, before `end_s`; spans follow each other."""


def make_train(source: Source, size: int, now_s: float, seed: tuple[int, ...]) -> Train:
    """Make the train of a source from `now_s` on; raises InputError if a parameter is wrong."""
    if isinstance(source, SpikeSourceArray):
        return _ArrayTrain(source.trains(size))
    start, stop = span(source, size)
    if isinstance(source, SpikeSourcePoisson):
        return _PoissonTrain(source.rates(size), start, stop, now_s, seed)
    return _RegularTrain(source.periods(size), start, stop)


def _in_order(times: Reals, indices: Indices) -> SpikeTimes:
    order = np.argsort(times, kind="stable")
    return SpikeTimes(times[order], indices[order])


class _ArrayTrain:
    rate_hz = 0.0

    def __init__(self, trains: tuple[Reals, ...]) -> None:
        indices = np.repeat(np.arange(len(trains)), [train.size for train in trains])
        self._all = _in_order(np.concatenate((np.empty(0), *trains)), indices)

    def spikes(self, begin_s: float, end_s: float) -> SpikeTimes:
        first, last = np.searchsorted(self._all.times_s, (begin_s, end_s))
        return SpikeTimes(self._all.times_s[first:last], self._all.indices[first:last])


class _RegularTrain:
    def __init__(self, periods: Reals, start: Reals, stop: Reals) -> None:
        self._periods, self._start, self._stop = periods, start, stop
        self.rate_hz = float((1 / periods).sum())

    def spikes(self, begin_s: float, end_s: float) -> SpikeTimes:
        first = np.maximum(np.floor((begin_s - self._start) / self._periods), 0).astype(np.int64)
        end = np.minimum(end_s, self._stop)
        number = np.ceil((end - self._start) / self._periods) - first + 1
        number = np.maximum(number, 0).astype(np.int64)
        indices = np.repeat(np.arange(number.size), number)
        offset = np.cumsum(number) - number
        k = np.arange(indices.size) - offset[indices] + first[indices]
        times = self._start[indices] + k * self._periods[indices]
        inside = (times >= begin_s) & (times < end[indices])
        return _in_order(times[inside], indices[inside])


class _PoissonTrain:
    """Blocks of fixed length: in each a Poisson number of spikes at uniform times per source."""

    def __init__(
        self, rates: Reals, start: Reals, stop: Reals, now_s: float, seed: tuple[int, ...]
    ) -> None:
        self._start, self._stop = start, stop
        self._origin_s, self._seed = now_s, seed
        self.rate_hz = float(rates.sum())
        fastest = float(rates.max(initial=0.0))
        self._block_s = math.inf
        if fastest > 0:
            self._block_s = min(_BLOCK_SPIKES_OF_ONE / fastest, _BLOCK_SPIKES / self.rate_hz)
        different, self._table_of = np.unique(rates, return_inverse=True)
        self._tables = [
            _poisson_table(rate * self._block_s) if rate > 0 else np.ones(1) for rate in different
        ]
        self._blocks: dict[int, SpikeTimes] = {}

    def spikes(self, begin_s: float, end_s: float) -> SpikeTimes:
        if math.isinf(self._block_s) or end_s <= begin_s:
            return SpikeTimes(np.empty(0), np.empty(0, np.int64))
        first = self._block_at(begin_s)
        self._blocks = {block: kept for block, kept in self._blocks.items() if block >= first}
        found = []
        for block in range(first, self._block_at(end_s) + 1):
            if block not in self._blocks:
                self._blocks[block] = self._draw(block)
            times, indices = self._blocks[block]
            low, high = np.searchsorted(times, (begin_s, end_s))
            found.append((times[low:high], indices[low:high]))
        return SpikeTimes(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _begin_of(self, block: int) -> float:
        return self._origin_s + block * self._block_s

    def _block_at(self, time_s: float) -> int:
        """Return the block in which a time lies."""
        block = max(int((time_s - self._origin_s) / self._block_s), 0)
        while block > 0 and self._begin_of(block) > time_s:
            block -= 1
        while self._begin_of(block + 1) <= time_s:
            block += 1
        return block

    def _draw(self, block: int) -> SpikeTimes:
        seed = np.random.SeedSequence((*self._seed, block))
        random = np.random.Generator(np.random.PCG64(seed))
        chance = random.random(self._start.size)
        number = np.zeros(chance.size, np.int64)
        for index, table in enumerate(self._tables):
            chosen = self._table_of == index
            number[chosen] = np.searchsorted(table, chance[chosen], side="right")
        indices = np.repeat(np.arange(number.size), number)
        begin, end = self._begin_of(block), self._begin_of(block + 1)
        times = begin + random.random(indices.size) * self._block_s
        inside = (times >= self._start[indices]) & (times < self._stop[indices]) & (times < end)
        return _in_order(times[inside], indices[inside])


def _poisson_table(mean: float) -> Reals:
    """Cumulative probabilities of 0, 1, 2, ... spikes.

    A number uniform in [0, 1) is drawn; how many entries are not above it is the number of
    spikes. Decimal's exponential function is correctly rounded, so the table is the same
    everywhere.
    """
    probability = float((-Decimal(mean)).exp())
    total, table = 0.0, []
    for number in range(10 * _BLOCK_SPIKES_OF_ONE):
        total += probability
        table.append(total)
        probability *= mean / (number + 1)
        if number > mean and probability < _SMALLEST:
            break
    return np.asarray(table)
