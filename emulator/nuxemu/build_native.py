# SPDX-License-Identifier: BSD-3-Clause
"""Builds ``nuxemu._native`` (cffi, API mode) from the C files in ``native/``.

The headers in ``native/cdef/`` declare what Python sees; the C files include the
same headers, so the two cannot disagree.
"""

import os
import shlex
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
NATIVE = HERE / "native"


def _declarations(header: Path) -> str:
    """Text of a cdef header without preprocessor lines."""
    lines = header.read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


# In order of dependence.
HEADERS = [
    NATIVE / "cdef" / name
    for name in (
        "vector.h",
        "analog.h",
        "array.h",
        "neurons.h",
        "network.h",
        "chip.h",
        "processor.h",
        "loop_time.h",
        "profile.h",
        "debug.h",
        "trace.h",
    )
]
ffibuilder = FFI()
ffibuilder.cdef("\n".join(_declarations(header) for header in HEADERS))
ffibuilder.set_source(
    "nuxemu._native",
    "\n".join(f'#include "cdef/{header.name}"' for header in HEADERS),
    sources=[os.path.relpath(source) for source in sorted(NATIVE.glob("*.c"))],
    depends=[os.path.relpath(header) for header in sorted(NATIVE.rglob("*.h"))],
    include_dirs=[str(NATIVE)],
    extra_compile_args=[
        "-std=gnu11",
        "-O3",
        "-falign-functions=64",  # a change of one function does not move the loops of all
        "-Wno-psabi",
        "-ffp-contract=off",
        "-fno-math-errno",
        "-fvisibility=hidden",
        *shlex.split(os.environ.get("NUXEMU_CFLAGS", "")),
    ],
    extra_link_args=shlex.split(os.environ.get("NUXEMU_LDFLAGS", "")),
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
