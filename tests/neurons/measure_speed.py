# SPDX-License-Identifier: BSD-3-Clause
"""Speed of linear neurons: prints the table of docs/neuron_model.md. Needs gcc."""

import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NATIVE = HERE.parents[1] / "emulator" / "nuxemu" / "native"
#: Events per second and row, charge per weight (LSB).
LOADS = ((1e3, 0.3), (1e4, 0.043), (26.5e3, 0.0165), (5e4, 0.0086), (1e5, 0.001))
REPETITIONS = 7


def build(folder: Path) -> Path:
    program = folder / "speed"
    sources = sorted(str(source) for source in NATIVE.glob("neuron*.c"))
    subprocess.run(
        ["gcc", "-std=gnu11", "-O3", "-Wno-psabi", "-ffp-contract=off", "-fno-math-errno",
         f"-I{NATIVE}", str(HERE / "speed.c"), *sources, "-lm", "-o", str(program)],
        check=True, timeout=300,
    )  # fmt: skip
    return program


def main() -> None:
    print("| events per row | spread | spikes per event | ns per event |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        for spread in (0.0, 0.1):
            for rate, charge in LOADS:
                command = [str(program), str(rate), str(spread), str(charge), "20000"]
                lines = [
                    subprocess.run(command, check=True, capture_output=True, text=True).stdout
                    for _ in range(REPETITIONS)
                ]
                time, spikes, _ = min((line.split() for line in lines), key=lambda x: float(x[0]))
                print(f"| {rate / 1e3:g} kHz | {spread:.0%} | {spikes} | {time} |")


if __name__ == "__main__":
    main()
