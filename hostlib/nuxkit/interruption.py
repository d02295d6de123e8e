# SPDX-License-Identifier: BSD-3-Clause
"""Runs of a processor that Ctrl-C can end."""

from __future__ import annotations

import threading
from typing import Any

from nuxemu import Processor, Stop


def run_interruptibly(ppu: Processor, **limits: Any) -> Stop:
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
    Stop
        With the reason ``INTERRUPTED`` after Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread():
        return ppu.run(**limits)
    outcome: list[Stop | BaseException] = []

    def work() -> None:
        try:
            outcome.append(ppu.run(**limits))
        except BaseException as error:
            outcome.append(error)

    worker = threading.Thread(target=work, name="nuxkit-run", daemon=True)
    worker.start()
    while worker.is_alive():
        try:
            worker.join()
        except KeyboardInterrupt:
            ppu.interrupt()
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result
