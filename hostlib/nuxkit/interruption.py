# SPDX-License-Identifier: BSD-3-Clause
"""Runs that Ctrl-C can end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
_POLL_S = 0.05


def run_interruptibly(run: Callable[[], _T], interrupt: Callable[[], None]) -> tuple[_T, bool]:
    """Do a run, but let Ctrl-C end it in time.

    Python handles signals in the main thread only, and only between its own instructions;
    there, the run goes to a second thread while the main one waits.

    Parameters
    ----------
    run : callable
        The run; must let other threads work.
    interrupt : callable
        Ends the run soon.

    Returns
    -------
    result
        What `run` returned.
    interrupted : bool
        Whether Ctrl-C came, so that the caller must raise `KeyboardInterrupt`.
    """
    if threading.current_thread() is not threading.main_thread():
        return run(), False
    outcome: list[_T | BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            outcome.append(run())
        except BaseException as error:
            outcome.append(error)
        done.set()

    threading.Thread(target=work, name="nuxkit-run", daemon=True).start()
    interrupted = False
    while not done.is_set():  # Thread.join() takes an interrupted wait for the thread's end
        try:
            if interrupted:  # again and again: one that comes before the run starts is lost
                interrupt()
            done.wait(_POLL_S if interrupted else None)
        except KeyboardInterrupt:
            interrupted = True
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result, interrupted
