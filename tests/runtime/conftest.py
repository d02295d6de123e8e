# SPDX-License-Identifier: BSD-3-Clause
"""Programs of the runtime tests, built once a session."""

from pathlib import Path

import numpy as np
import pytest
from runtime.scalar_machine import ScalarMachine

import nuxkit.build

HERE = Path(__file__).parent
BATCH_SIZE = 4096


class Batch:
    """Operations of one program (float_ops.c, int_ops.c) over arrays of operands."""

    def __init__(self, source: str, optimize: str, names: list[str]) -> None:
        built = nuxkit.build.build(HERE / source, HERE / "batch.c", optimize=optimize)
        self.elf_path = built.elf_path
        self.names = names

    def __call__(self, name: str, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
        """Result words (uint64) of operation `name` on the words of `a` and `b`."""
        machine = ScalarMachine(self.elf_path)
        words = [np.asarray(x, np.uint64) for x in (a, a if b is None else b)]
        results = []
        for begin in range(0, len(a), BATCH_SIZE):
            parts = [word[begin : begin + BATCH_SIZE] for word in words]
            machine.write("operation", self.names.index(name).to_bytes(4, "big"))
            machine.write("count", len(parts[0]).to_bytes(4, "big"))
            for place, part in enumerate(parts):
                address = machine.symbols["batch"] + 8 * BATCH_SIZE * place
                machine.write(address, part.astype(">u8").tobytes())
            assert machine.run() == 0
            raw = machine.read(machine.symbols["batch"] + 16 * BATCH_SIZE, 8 * len(parts[0]))
            results.append(np.frombuffer(raw, ">u8").astype(np.uint64))
        return np.concatenate(results)


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory, monkeypatch_session):
    monkeypatch_session.setenv("NUXKIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def monkeypatch_session():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def run_kernel(tmp_path):
    """Build C text and run it; gives the machine, with `return_code`."""

    def run(text: str, optimize: str = "-O2") -> ScalarMachine:
        source = tmp_path / "kernel.c"
        source.write_text(text)
        machine = ScalarMachine(nuxkit.build.build(source, optimize=optimize).elf_path)
        machine.return_code = machine.run()
        return machine

    return run
