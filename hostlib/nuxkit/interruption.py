# SPDX-License-Identifier: BSD-3-Clause
"""Runs of a processor that Ctrl-C can end."""

from __future__ import annotations

import threading
from typing import Any

from nuxemu import Processor, Stop

_POLL_S = 0.05


def run_interruptibly(ppu: Processor, **limits: Any) -> tuple[Stop, bool]:
    """Do what `ppu.run` does, but let Ctrl-C end the run in time.

    Python handles signals in the main thread only, and only between its own instructions;
    there, the run goes to a second thread while the main one waits.

    Parameters
    ----------
    ppu : Processor
    **limits
        Arguments of `ppu.run`.

    Returns
    -------
    stop : Stop
    interrupted : bool
        Whether Ctrl-C came, so that the caller must raise `KeyboardInterrupt`.
    """
    if threading.current_thread() is not threading.main_thread():
        return ppu.run(**limits), False
    outcome: list[Stop | BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            outcome.append(ppu.run(**limits))
        except BaseException as error:
            outcome.append(error)
        done.set()

    threading.Thread(target=work, name="nuxkit-run", daemon=True).start()
    interrupted = False
    while not done.is_set():  # Thread.join() takes an interrupted wait for the thread's end
        try:
            if interrupted:  # again and again: one that comes before the run starts is lost
                ppu.interrupt()
            done.wait(_POLL_S if interrupted else None)
        except KeyboardInterrupt:
            interrupted = True
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result, interrupted
