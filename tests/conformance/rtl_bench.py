# SPDX-License-Identifier: BSD-3-Clause
"""The test bench of the RTL around the emulated processor: runs one recorded program.

One slice, one unified memory, ideal buses, and a parallel bus that is a sparse memory of
128-bit words (programs.md beside the records describes it).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nuxemu import Processor, Stop, StopReason, SynapseArray
from nuxemu._native import ffi, lib

#: One difference: field, index in it (or None), value of the RTL, value of the model.
Difference = tuple[str, int | None, Any, Any]
Record = dict[str, Any]

_ARRAY = SynapseArray()  # needed by the constructor, not reached by these programs


@dataclass
class Bench:
    """One run of a record; the state afterwards is in `processor` and `parallel`."""

    record: Record
    core: str = "native"
    bus_latency: int = 0
    memory_size: int | None = None
    engine_branches_only: bool = False
    parallel: dict[int, bytes] = field(default_factory=dict)

    def run(self) -> Stop:
        """Load the image and run to the end of the program."""
        record = self.record
        self.processor = processor = Processor(
            _ARRAY, core=self.core, hardware=True, slices=1, bus_latency=self.bus_latency,
            test_bench_memory=self.memory_size or record["mem_size"],
        )  # fmt: skip
        lib.nux_processor_set_engine_branches_only(processor._native, self.engine_branches_only)
        processor.write(0, bytes.fromhex(record["image"]))
        self.parallel.update(_parallel_words(record.get("pmem", {})))
        callback = ffi.callback("nux_parallel_bus", self._transfer)
        lib.nux_processor_set_parallel_bus(processor._native, callback, ffi.NULL)
        processor.set_registers(pc=int(record["entry"], 16))
        return processor.run(max_cycles=20_000_000, max_wall_s=30)

    def _transfer(self, _user: Any, write: int, address: int, data: Any, enable: Any) -> int:
        lanes = ffi.buffer(data, 16)
        held = self.parallel.get(address, bytes(16))
        if write:
            mask = ffi.buffer(enable, 16)[:] if enable != ffi.NULL else b"\xff" * 16
            self.parallel[address] = bytes(
                new if on else old for new, old, on in zip(lanes[:], held, mask, strict=True)
            )
        else:
            lanes[:] = held
        return 0

    def state(self) -> Record:
        """Final state, in the form of a record."""
        p = self.processor
        registers = p.registers()
        return {
            "gprs": [f"{value:08x}" for value in registers["gpr"]],
            **{name: f"{registers[name]:08x}" for name in ("cr", "xer", "lr", "ctr")},
            "vrf": [row[:16].tobytes().hex() for row in p.vector_registers],
            "acc": p.accumulator[:8].astype(">u4").tobytes().hex(),
            "vcr": _vcr_digits(p.condition[:16]),
            "instructions": p.instructions,
        }

    def differences(self, stop: Stop) -> list[Difference]:
        """What differs from the record; empty if nothing does."""
        found: list[Difference] = []
        if stop.reason is not StopReason.FINISHED:
            found.append(("stop", None, "wait", stop))
        for name, value in self.state().items():
            expected = self.record[name]
            if isinstance(value, list):
                found += [
                    (name, i, e, v)
                    for i, (e, v) in enumerate(zip(expected, value, strict=True))
                    if e != v
                ]
            elif value != expected and expected is not None:
                found.append((name, None, expected, value))
        return found + self._memory_differences() + self._parallel_differences()

    def _memory_differences(self) -> list[Difference]:
        size = self.record["mem_size"]
        expected = np.zeros(size // 4, ">u4")
        image = bytes.fromhex(self.record["image"])
        image += bytes(-len(image) % 4)
        expected[: len(image) // 4] = np.frombuffer(image, ">u4")
        for address, word in self.record["final_mem"].items():
            expected[int(address, 16) // 4] = int(word, 16)
        got = np.frombuffer(self.processor.read(0, size), ">u4")
        return [
            ("final_mem", 4 * int(i), f"{expected[i]:08x}", f"{got[i]:08x}")
            for i in np.flatnonzero(got != expected)
        ]

    def _parallel_differences(self) -> list[Difference]:
        expected = _parallel_words(self.record.get("pmem", {}))
        expected |= _parallel_words(self.record.get("final_pmem", {}))
        zero = bytes(16)
        return [
            ("final_pmem", a, expected.get(a, zero).hex(), self.parallel.get(a, zero).hex())
            for a in sorted(expected.keys() | self.parallel.keys())
            if expected.get(a, zero) != self.parallel.get(a, zero)
        ]


def _parallel_words(digits: dict[str, str]) -> dict[int, bytes]:
    return {int(address, 16): bytes.fromhex(word) for address, word in digits.items()}


def _vcr_digits(condition: np.ndarray) -> str:
    """Three digits a halfword: equal, greater, less; two bits a byte."""
    return "".join(
        f"{sum(bits for bits, c in zip((12, 3), pair, strict=True) if c == code):x}"
        for pair in condition.reshape(-1, 2)
        for code in (3, 1, 2)
    )
