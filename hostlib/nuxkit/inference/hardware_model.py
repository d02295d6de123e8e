# SPDX-License-Identifier: BSD-3-Clause
"""A model of the time and energy that a real chip would take for the same products.

Nothing here is measured on a chip: it is arithmetic with four published or documented figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from nuxemu import memory_map as mm
from nuxkit.errors import InputError
from nuxkit.inference.tiles import tiles

#: Highest rate of events on their way to the synapses of a hemisphere.
EVENT_RATE_HZ = 125e6
#: Time the converter takes for the columns of a hemisphere.
CONVERSION_S = 1.64e-6
#: Average power of the chip: 192 uJ in 276 us, published for a classification of an ECG.
POWER_W = 192e-6 / 276e-6


@dataclass(frozen=True)
class HardwareCost:
    """Modelled work of a chip; costs of layers that follow each other are added with ``+``.

    Attributes
    ----------
    events_s : float
        Time to send events, in seconds of hardware time.
    conversion_s : float
        Time of the converter.
    processor_s : float
        Time of the processor.
    """

    events_s: float = 0.0
    conversion_s: float = 0.0
    processor_s: float = 0.0

    @property
    def time_s(self) -> float:
        """Time of all, one after the other, in seconds."""
        return self.events_s + self.conversion_s + self.processor_s

    @property
    def energy_j(self) -> float:
        """Energy in that time at the published average power, in joules."""
        return self.time_s * POWER_W

    def __add__(self, other: HardwareCost) -> HardwareCost:
        return HardwareCost(
            self.events_s + other.events_s,
            self.conversion_s + other.conversion_s,
            self.processor_s + other.processor_s,
        )


def modelled_cost(
    batch: int,
    inputs: int,
    outputs: int,
    *,
    num_sends: int = 1,
    wait_between_events: int = 5,
    processor_cycles: int = 0,
    chips: int = 1,
) -> HardwareCost:
    """Model the cost of a batch of inputs multiplied with a weight matrix.

    Hemispheres work at a time, each through its tiles: per tile and input vector it sends one
    event per input and repetition, one every `wait_between_events` cycles of 125 MHz, then
    converts once. Loading weights and the way to the host and back are left out, the time of
    the processors is only what is given.

    Parameters
    ----------
    batch, inputs, outputs : int
        Number of input vectors, shape of the weight matrix; at least 1.
    num_sends : int
        How often each input is sent, at least 1.
    wait_between_events : int
        Cycles of 8 ns from one event to the next, at least 1.
    processor_cycles : int
        Cycles of one processor for the whole batch, as a run of its kernel tells them.
    chips : int
        Number of chips.

    Returns
    -------
    HardwareCost

    Raises
    ------
    nuxkit.InputError
        If an argument is too small.
    """
    least = dict(
        batch=batch, inputs=inputs, outputs=outputs, num_sends=num_sends,
        wait_between_events=wait_between_events, chips=chips,
    )  # fmt: skip
    for name, value in least.items():
        if value < 1:
            raise InputError(f"{name} is {value}, not at least 1")
    if processor_cycles < 0:
        raise InputError(f"processor_cycles is {processor_cycles}, not at least 0")
    busy: dict[int, tuple[int, int]] = {}
    for tile in tiles(inputs, outputs, 2 * chips):
        events, conversions = busy.get(tile.array, (0, 0))
        events += (tile.rows.stop - tile.rows.start) * num_sends * wait_between_events
        busy[tile.array] = events, conversions + 1
    times = [
        (batch * events / EVENT_RATE_HZ, batch * conversions * CONVERSION_S)
        for events, conversions in busy.values()
    ]
    events_s, conversion_s = max(times, key=sum)  # of the hemisphere that ends last
    return HardwareCost(events_s, conversion_s, processor_cycles / mm.PPU_CLOCK_HZ)
