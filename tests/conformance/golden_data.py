# SPDX-License-Identifier: BSD-3-Clause
"""Access to the golden data recorded from the RTL."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def _golden_directory() -> Path:
    """Return where the golden files are: NUXKIT_GOLDEN, next to the repository, or here."""
    if chosen := os.environ.get("NUXKIT_GOLDEN"):
        return Path(chosen)
    candidates = (HERE.parents[2] / "shared" / "golden", HERE / "golden")
    for directory in candidates:
        if directory.is_dir():
            return directory
    raise FileNotFoundError(
        "no golden data in " + " or ".join(map(str, candidates)) + "; set NUXKIT_GOLDEN"
    )


def load_golden(name: str) -> Any:
    """Return a golden file: the value of a .json, the list of records of a .jsonl.gz."""
    path = _golden_directory() / name
    if name.endswith(".json"):
        return json.loads(path.read_text())
    with gzip.open(path, "rt") as lines:
        records = [json.loads(line) for line in lines]
    if not records:
        raise ValueError(f"{path} holds no records")
    return records
