"""The worker: takes tasks one after another, and beside that keeps its lease and looks after what others left."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from forestall.web.work import leases, schedule
from forestall.web.work.nightly import StoppedError, stopping

log = logging.getLogger("forestall.work")

#: Seconds between two looks into an empty queue.
INTERVAL = 1.0


class Keeper(threading.Thread):
    """Beside the work, four times a lease: renews it, puts back what dead workers left, queues what is due today."""

    def __init__(self, worker: str) -> None:
        super().__init__(name="keeper", daemon=True)
        self.worker, self.task, self.ended = worker, None, threading.Event()

    def run(self) -> None:
        try:
            while not self.ended.is_set():
                close_old_connections()
                try:
                    self.look()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("the worker's keeper could not reach the database: %s", error)
                    connection.close()
                self.ended.wait(leases.period().total_seconds() / 4)
        finally:
            connection.close()

    def look(self) -> None:
        task = self.task
        if task is not None and not leases.renew(task, self.worker) and task == self.task:
            log.warning("the lease of task %s is lost: what this worker makes of it does not count", task)
        leases.reap()
        schedule.begin_due()


class Worker(db_worker.Worker):
    """The database's worker with leases. A signal ends it after the task in hand; a task that looks at ``stopping`` ends
    early and is put back, as is any at a second signal."""

    def __init__(self, *, interval: float = INTERVAL, batch: bool = False) -> None:
        name = f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"
        super().__init__(
            queue_names=["*"], interval=interval, batch=batch, backend_name="default", startup_delay=False, max_tasks=None,
            worker_id=name, excluded_queue_names=[],
        )  # fmt: skip
        self.keeper = Keeper(name)

    def shutdown(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if not self.running and self.running_task:
            raise SystemExit(1)
        self.running = False
        stopping.set()

    def run(self) -> None:
        """Works until told to stop, through times when the database can't be reached."""
        self.keeper.start()
        try:
            while self.running:
                try:
                    super().run()
                    if self.batch:
                        return
                except (OperationalError, InterfaceError) as error:
                    log.warning("the worker could not reach the database: %s", error)
                    connection.close()
                    time.sleep(self.interval)
        finally:
            self.keeper.ended.set()
            self.keeper.join(5)
            connection.close()

    def run_task(self, result: DBTaskResult) -> None:
        leases.take(result, self.worker_id)
        self.keeper.task, self.running_task = result.pk, True
        try:
            self._run(result)
        except leases.LostError:
            log.warning("task %s %s was taken over by another worker", result.task_path, result.pk)
        finally:
            self.keeper.task, self.running_task = None, False
            self._run_tasks += 1

    def _run(self, result: DBTaskResult) -> None:
        try:
            value = call(result)
        except (StoppedError, KeyboardInterrupt, SystemExit) as told:
            with leases.ending(result, self.worker_id):
                leases.put_back(result)
            if isinstance(told, SystemExit):
                raise
        except Exception as error:
            log.exception("task %s %s failed", result.task_path, result.pk)
            with leases.ending(result, self.worker_id):
                result.set_failed(error)
        else:
            with leases.ending(result, self.worker_id):
                result.set_successful(value)


def call(result: DBTaskResult) -> Any:
    """What the task returns."""
    arguments = result.args_kwargs
    return result.task.call(*arguments["args"], **arguments["kwargs"])


def run(*, attached: bool = False) -> None:
    """Works in this process until a signal; ``attached``: until standard input ends as well, which it does when the
    process at its other end is gone, however it went."""
    worker = Worker()
    worker.configure_signals()
    if attached:
        threading.Thread(target=_follow, args=(worker,), name="follow", daemon=True).start()
    worker.run()


def _follow(worker: Worker) -> None:
    while os.read(0, 4096):  # unbuffered: a buffer's lock, held by this thread, would break the exit of the process
        pass
    worker.shutdown(signal.SIGTERM, None)
