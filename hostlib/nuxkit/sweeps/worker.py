# SPDX-License-Identifier: BSD-3-Clause
"""A worker process of a sweep; started by :mod:`nuxkit.sweeps.pool`.

It reads messages from a pipe: first the search path and the function, then tasks. It answers
``READY`` or the reason why it cannot work, then one outcome per task, in order, and ends when
the other end of the pipe is closed.
"""

from __future__ import annotations

import pickle
import sys
from multiprocessing.connection import Connection
from typing import Any

READY = "ready"


def main(descriptor: int) -> None:
    """Work until there is nothing more to do."""
    pipe = Connection(descriptor)
    try:
        path, function_bytes = pipe.recv()
        sys.path[:] = path
        answer = _load(function_bytes)
        pipe.send(answer if isinstance(answer, str) else READY)
        if isinstance(answer, str):
            return
        from nuxkit.sweeps.task import Outcome, error_text, evaluate

        while True:
            task = pickle.loads(pipe.recv_bytes())
            outcome = evaluate(answer, task)
            try:
                message = pickle.dumps(outcome)
            except Exception as error:
                text = f"the result cannot leave the worker: {error_text(error)}"
                message = pickle.dumps(Outcome(task.index, None, text))
            pipe.send_bytes(message)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the sweep is over


def _load(function_bytes: bytes) -> Any:
    try:
        return pickle.loads(function_bytes)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
