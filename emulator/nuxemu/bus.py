# SPDX-License-Identifier: BSD-3-Clause
"""What the units of one chip share: the on-chip bus and the external memories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuxemu import address_map
from nuxemu._native import ffi, lib

if TYPE_CHECKING:
    from nuxemu.network import Network

_WORD = 0xFFFF_FFFF


class BusError(RuntimeError):
    """An access to the on-chip bus that no unit takes."""


class Bus:
    """On-chip bus, with external memory (128 KiB) and DRAM (256 MiB, sparse) behind it.

    Processors made with the same bus, and their arrays, reach each other. Addresses are
    those of 32-bit words, see `nuxemu.address_map`.
    """

    def __init__(self) -> None:
        self._native = ffi.gc(lib.nux_chip_new(), lib.nux_chip_free)
        if self._native == ffi.NULL:
            raise MemoryError("no address space for the external memories")
        self._network: Network | None = None

    def attach_network(self, network: Network) -> None:
        """Connect the units that make and count events: drivers, sources, spike counters.

        From then on every access, of a processor or the host, sees all events up to its
        time. Without a network these units are not there.
        """
        lib.nux_chip_set_network(self._native, network._native)
        self._network = network  # must live as long as the bus

    def read(self, word: int, *, time_s: float = 0.0) -> int:
        """Read a word, as the host does.

        Parameters
        ----------
        word : int
            Word address on the bus.
        time_s : float
            Hardware time (s) of the access. Arrays, neurons and events are brought up to
            it, unless they are past it.

        Raises
        ------
        BusError
            If no unit is there, or one that cannot be read: names the nearest block.
        """
        return self._access(word, 0, 0, time_s)

    def write(self, word: int, value: int, *, mask: int = _WORD, time_s: float = 0.0) -> None:
        """Write the bits in `mask` of a word, as the host does; else as `read`."""
        if not 0 <= value <= _WORD:
            raise ValueError(f"value is {value:#x}, but must be 0 to {_WORD:#x}")
        if not 0 < mask <= _WORD:
            raise ValueError(f"mask is {mask:#x}, but must be 1 to {_WORD:#x}")
        self._access(word, value, mask, time_s)

    def _access(self, word: int, value: int, mask: int, time_s: float) -> int:
        if not 0 <= word <= _WORD:
            raise BusError(f"word address {word:#x} is outside of 0 to {_WORD:#x}")
        if not 0.0 <= time_s < float("inf"):
            raise ValueError(f"time_s is {time_s}, but must be finite and not negative")
        data = ffi.new("uint32_t *", value)
        latency = ffi.new("uint32_t *")  # the host's time is not modelled
        reason = lib.nux_bus_access(self._native, word, data, mask, time_s, latency)
        if reason:
            raise BusError(f"{_verb(mask)}: {_cause(reason, word, bool(mask))}")
        return int(data[0])


def _verb(mask: int) -> str:
    return "write" if mask else "read"


def _cause(reason: int, word: int, is_store: bool) -> str:
    if reason == lib.NUX_TRAP_NO_NEURON:
        return f"bus word 0x{word:08x} needs neurons, but the array has none"
    if reason == lib.NUX_TRAP_CADC_OFF:
        return f"bus word 0x{word:08x}: the CADC is disabled"
    if reason == lib.NUX_TRAP_EVENTS:
        return f"bus word 0x{word:08x}: an event too many for the event buses"
    return address_map.bus_refusal(word, is_store)
