# SPDX-License-Identifier: BSD-3-Clause
"""The driver: runs targets in processes of their own, under the sanitizers, and keeps findings.

PYTHONPATH=tests python -m fuzz.run                 a long run of everything (hours)
PYTHONPATH=tests python -m fuzz.run elf --share 0.1 a tenth of one target
PYTHONPATH=tests python -m fuzz.run elf --case 4711 one case again
"""

import argparse
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.targets import TARGETS, sources
from sanitizers import ROOT, are_available, build_sanitized, environment

#: Wall time (s) after which a case counts as hanging.
CASE_TIMEOUT_S = 60.0
#: Wall time (s) between two lines of progress.
PROGRESS_S = 60.0
WORKER = ["-m", "fuzz.worker"]


@dataclass
class Outcome:
    """What came of a target: units done, cases started, and the findings by case."""

    units: int = 0
    cases: int = 0
    findings: dict[int, str] = field(default_factory=dict)
    shown_s: float = field(default_factory=time.monotonic)

    def show_progress(self, name: str, wanted: int) -> None:
        """Print how far it is, from time to time."""
        if time.monotonic() - self.shown_s >= PROGRESS_S:
            self.shown_s = time.monotonic()
            found = len(self.findings)
            print(f"{name}: {self.units} of {wanted}, {found} findings", flush=True)


def fuzz(
    name: str,
    folder: Path,
    *,
    seed: int,
    wanted: int,
    first: int = 0,
    sanitized: Path | None = None,
    max_findings: int = 20,
    timeout_s: float = CASE_TIMEOUT_S,
) -> Outcome:
    """Run cases of a target until it has done `wanted` units or has found enough.

    The input of each finding is left in `folder`, beside what went wrong as text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = TARGETS[name](folder)
    outcome, case = Outcome(), first
    while outcome.units < wanted and len(outcome.findings) < max_findings:
        before = dict(outcome.findings)
        case = _run_worker(name, folder, seed, case, wanted, sanitized, timeout_s, outcome)
        for number in outcome.findings.keys() - before.keys():
            stem = folder / f"finding-{seed}-{number}"
            stem.with_suffix(".bin").write_bytes(
                target.make(sources(name, seed, number)[0], number)
            )
            stem.with_suffix(".txt").write_text(outcome.findings[number])
    return outcome


def _run_worker(
    name: str,
    folder: Path,
    seed: int,
    first: int,
    wanted: int,
    sanitized: Path | None,
    timeout_s: float,
    outcome: Outcome,
) -> int:
    """Run cases from `first` on in one process; returns the case to go on with."""
    packages = [str(sanitized or ROOT / "emulator"), str(ROOT / "hostlib"), str(ROOT / "tests")]
    env = (environment() if sanitized else dict(os.environ)) | {
        "PYTHONPATH": os.pathsep.join(packages)
    }
    numbers = map(str, (seed, first, wanted - outcome.units))
    errors = folder / "worker-errors.txt"
    with open(errors, "wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, *WORKER, name, str(folder), *numbers],
            env=env, stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
    reader.start()
    case, hangs = first - 1, False
    try:
        while True:
            line = lines.get(timeout=timeout_s)
            if not line:
                break
            kind, _, rest = line.partition(" ")
            if kind == "case":
                case = int(rest)
                outcome.cases += 1
            elif kind == "units":
                outcome.units += int(rest)
                outcome.show_progress(name, wanted)
            elif kind == "raised":
                outcome.findings[case] = rest.strip()[1:-1].replace("\\n", "\n")
    except queue.Empty:
        hangs = True
    finally:
        process.kill()
        code = process.wait()
        reader.join()
    if hangs:
        outcome.findings[case] = f"no end within {timeout_s} s"
    elif code:
        text = errors.read_text(errors="replace")[-6000:]
        outcome.findings[case] = f"the process ended with code {code}\n{text}"
    return case + 1


def _read_lines(stream, lines: "queue.Queue[str]") -> None:
    for line in stream:
        lines.put(line)
    lines.put("")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all if not given")
    parser.add_argument("--share", type=float, default=1.0, help="of the long run (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="only this case")
    parser.add_argument("--plain", action="store_true", help="without sanitizers")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "fuzz")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - set(TARGETS):
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    sanitized = None
    if not arguments.plain:
        if not are_available():
            parser.error("gcc has no sanitizers here; --plain does without")
        sanitized = build_sanitized(arguments.output / "sanitized")
    found = 0
    for name in arguments.targets or TARGETS:
        target, only = TARGETS[name], arguments.case
        wanted = 1 if only is not None else max(1, round(target.full_run * arguments.share))
        begin = time.monotonic()
        outcome = fuzz(
            name, arguments.output / name, seed=arguments.seed, wanted=wanted, first=only or 0,
            sanitized=sanitized,
        )  # fmt: skip
        print(f"{name}: seed {arguments.seed}, {outcome.cases} cases, {outcome.units} "
              f"{target.unit}, {time.monotonic() - begin:.0f} s, {len(outcome.findings)} findings "
              f"in {arguments.output / name}", flush=True)  # fmt: skip
        for case, text in outcome.findings.items():
            print(f"  case {case}: {text.strip().splitlines()[-1]}", flush=True)
        found += len(outcome.findings)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
