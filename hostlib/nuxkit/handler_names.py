# SPDX-License-Identifier: BSD-3-Clause
"""Names that the table of exceptions in ppu_runtime/nux.ld takes handlers from."""

from __future__ import annotations

from nuxemu import memory_map as mm

HANDLER_NAMES = {"isr_dec", "isr_einput"} | {
    name.replace("EXCEPTION_", "isr_").lower() for name in vars(mm) if name.startswith("EXCEPTION_")
}
