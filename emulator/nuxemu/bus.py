# SPDX-License-Identifier: BSD-3-Clause
"""What the units of one chip share: the on-chip bus and the external memories."""

from __future__ import annotations

from nuxemu._native import ffi, lib


class Bus:
    """On-chip bus, with external memory (128 KiB) and DRAM (256 MiB, sparse) behind it.

    Processors made with the same bus, and their arrays, reach each other.
    """

    def __init__(self) -> None:
        self._native = ffi.gc(lib.nux_chip_new(), lib.nux_chip_free)
        if self._native == ffi.NULL:
            raise MemoryError("no address space for the external memories")
