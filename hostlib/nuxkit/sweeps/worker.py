# SPDX-License-Identifier: BSD-3-Clause
"""A worker process of a sweep; started by :mod:`nuxkit.sweeps.starter`.

It reads messages from a pipe: first where it is and the function, then tasks. It answers
``READY`` or the reason why it cannot work, then one outcome per task, in order, and ends when
the other end of the pipe is closed.
"""

from __future__ import annotations

import os
import pickle
import sys
from multiprocessing.connection import Connection
from typing import Any

READY = "ready"


def main(descriptor: int) -> None:
    """Work until there is nothing more to do."""
    pipe = Connection(descriptor)
    try:
        folder, environment, path, function_bytes = pipe.recv()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
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
            sys.stdout.flush()  # what it printed is not lost if it is killed
            pipe.send_bytes(message)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the sweep is over


def _load(function_bytes: bytes) -> Any:
    try:
        return pickle.loads(function_bytes)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
