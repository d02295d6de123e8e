# SPDX-License-Identifier: BSD-3-Clause
"""Runs cases of one target: `python -m fuzz.worker TARGET FOLDER SEED FIRST WANTED`.

Writes a line a case: its number before it starts; then the units it had, or the exception.
"""

import sys
import traceback
from pathlib import Path

from fuzz.targets import TARGETS, sources


def main(name: str, folder: str, seed: int, first: int, wanted: int) -> None:
    target = TARGETS[name](Path(folder))
    done, case = 0, first
    while done < wanted:
        print("case", case, flush=True)
        make, check = sources(name, seed, case)
        try:
            units = target.check(target.make(make, case), check, case)
        except Exception:
            print("raised", repr(traceback.format_exc()), flush=True)
            units = 1
        print("units", units, flush=True)
        done += units
        case += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
