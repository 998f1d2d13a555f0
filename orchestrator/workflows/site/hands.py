"""Pages made by as many processes as there are CPUs; none of them outlasts us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from queue import SimpleQueue
from typing import IO

from orchestrator.errors import LocalFault, UsageError
from orchestrator.here import aside, children
from orchestrator.workflows.site import worker
from orchestrator.workflows.site.making import Hand, Order, Page

# A process takes as long to begin as so many pages.
_WORTH_IT = 24
_MOST = 16
_PROGRAM = f"from {worker.__name__} import main; main()"
_SHOWN = 300
Answer = Page | BaseException | None


def made(orders: Sequence[Order], hand: Hand, masked_by: str) -> Iterator[Page]:
    """The pages, each as soon as it is written, in any order. Errors as of `Hand.make`;
    LocalFault: a process that made them ended."""
    number = min(_cpus(), _MOST, len(orders) // _WORTH_IT)
    if number < 2:
        yield from map(hand.make, orders)
        return
    waiting: SimpleQueue[Order] = SimpleQueue()
    for order in orders:
        waiting.put(order)
    answers: SimpleQueue[Answer] = SimpleQueue()
    path = os.pathsep.join(filter(None, sys.path))
    # A process for each CPU: no library in them is to start threads of its own.
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    first = worker.told(hand, masked_by)
    with ExitStack() as held:
        for _ in range(number):
            child = held.enter_context(
                children.started([sys.executable, "-c", _PROGRAM], environment)
            )
            aside.begun(partial(_serve, child, first, waiting, answers), "pages")
        yield from _gathered(answers, number)


def _gathered(answers: SimpleQueue[Answer], at_work: int) -> Iterator[Page]:
    while at_work:
        answer = answers.get()
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            at_work -= 1
        else:
            yield answer


def _serve(
    child: subprocess.Popen[bytes],
    first: str,
    waiting: SimpleQueue[Order],
    answers: SimpleQueue[Answer],
) -> None:
    """Give one process page after page, until none is left."""
    assert child.stdin
    assert child.stdout
    said = aside.begun(child.stderr.read if child.stderr else bytes, "what pages say")
    try:
        _write(child.stdin, first)
        while not waiting.empty():
            _write(child.stdin, json.dumps(waiting.get_nowait().as_json()))
            line = child.stdout.readline()
            if not line:
                raise BrokenPipeError
            answers.put(_answer(json.loads(line)))
        child.stdin.close()
        answers.put(None)
    except OSError:
        words = b""
        with suppress(TimeoutError):
            words = said.result(1.0)
        answers.put(_ended(words.decode("utf-8", "replace")))
    except BaseException as exc:
        answers.put(exc)


def _write(pipe: IO[bytes], line: str) -> None:
    pipe.write(f"{line}\n".encode())
    pipe.flush()


def _answer(said: dict[str, object]) -> Page | BaseException:
    if "errno" in said:
        return OSError(said["errno"], said["why"], said["file"])
    if "message" in said:
        return UsageError(str(said["message"]), hint=str(said["hint"]))
    return Page.of_json(said)


def _ended(words: str) -> LocalFault:
    last = words.strip().rpartition("\n")[2][-_SHOWN:]
    return LocalFault(
        f"a process that makes pages ended: {last or 'it did not say why'}",
        hint="What is written stays; the same command goes on where it stopped.",
    )


def _cpus() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
