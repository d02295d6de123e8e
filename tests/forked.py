# SPDX-License-Identifier: BSD-3-Clause
"""Work in a forked process, such as one with a single processor."""

import os
from collections.abc import Callable


def in_child(job: Callable[[], bytes]) -> bytes:
    """What a job returns in a forked process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            with os.fdopen(write, "wb") as out:
                out.write(job())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as found:
        result = found.read()
    os.waitpid(child, 0)
    return result


def on_one_processor(job: Callable[[], bytes]) -> bytes:
    """What a job returns in a forked process that has one processor."""

    def alone() -> bytes:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        return job()

    return in_child(alone)
