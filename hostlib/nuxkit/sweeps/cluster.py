# SPDX-License-Identifier: BSD-3-Clause
"""Tasks of a sweep on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nuxkit.errors import InputError
from nuxkit.sweeps.task import Outcome, Task, error_text, evaluate, stored


def check_client(client: Any) -> None:
    """Refuse what is no synchronous ``dask.distributed.Client``."""
    if not hasattr(client, "submit") or not hasattr(client, "scatter"):
        raise InputError(f"client must be a dask.distributed.Client, not {type(client).__name__}")
    if getattr(client, "asynchronous", False):
        raise InputError("client must be a synchronous dask.distributed.Client")


def run_on_cluster(
    function: Callable[..., Any], tasks: Sequence[Task], client: Any
) -> Iterator[Outcome]:
    """Compute tasks on a cluster; gives outcomes as they come.

    Dask itself runs a task again whose worker died, and gives up after a few deaths
    (``distributed.scheduler.allowed-failures``). Results are written here, not there: the
    workers need not see the folder.
    """
    from dask.distributed import as_completed  # type: ignore[import-not-found, unused-ignore]

    bare = [Task(task.index, task.point) for task in tasks]
    futures = {
        client.submit(evaluate, function, sent, pure=False): task
        for sent, task in zip(bare, tasks, strict=True)
    }
    try:
        for future in as_completed(futures):  # type: ignore[no-untyped-call, unused-ignore]
            task = futures[future]
            error = future.exception()
            if error is not None:
                yield Outcome(task.index, None, error_text(error))
            else:
                yield stored(future.result(), task)
            future.release()
    finally:
        client.cancel(list(futures))
