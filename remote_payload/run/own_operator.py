"""A user's own operator met: a worker reads its file, and the request gets its cases.

The file may hang, crash, or end the process it runs in: that is a worker's, never ours.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from dataclasses import replace
from typing import Any, Callable, List, Optional, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.plans import NcuPlan, TracePlan
from remote_payload.contract.records import Cut
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Device, Stage
from remote_payload.operators.adapted import formats
from remote_payload.operators.base import BadCase, Operator
from remote_payload.operators.user import described
from remote_payload.operators.user.described import Asked, Described, DescribedCase, Found
from remote_payload.operators.user.stated import BadOperator
from remote_payload.processes.announce import note, say
from remote_payload.processes.bounded import spoken
from remote_payload.processes.isolate import Died, Pipe, Silent, Worker
from remote_payload.run.remembered import Remembered
from remote_payload.stages.scene import Scene

_LOADED = "loaded"  # asks a reader which files it has


def listed(scene: Scene, known: Remembered) -> Request:
    """The request with all that only the operator's file can tell: its cases for a GPU and for a
    CPU, and its providers. `scene` gets the operator. known: what it told before. Raises
    BadOperator, OutOfTime.
    """
    request = scene.request
    narrow = Stage.NCU in request.stages and Stage.BENCH not in request.stages
    asked = Asked(request.sweeps, request.dtypes, narrow)
    with _Reader(scene, known) as reader:
        found: Found = reader.ask(asked, "reading it")
    scene.own, scene.operator = found.described, found.described.facts
    for one in found.refused:
        scene.draft.add_cut(Cut(Stage.CHECK, one.label, "not run", one.why, one.option))
    cases = found.cpu if request.device is Device.CPU else found.gpu
    operator = described.operator(found.described, "")
    providers = _providers(request, operator)
    return replace(request, cases=cases, cpu_cases=found.cpu, providers=providers)


def described_cases(scene: Scene, known: Remembered) -> Tuple[CaseFacts, ...]:
    """Look at each case of the request once; `scene` gets what they are. Raises as `listed`."""
    assert scene.own is not None
    own: Described = scene.own
    lost: List[BadOperator] = []
    with contextlib.ExitStack() as readers:
        reader = readers.enter_context(_Reader(scene, known))
        for case in scene.request.cases:
            scene.deadline.require()
            say(f"operator {own.facts.name} {case.label}")
            try:
                one: DescribedCase = reader.ask(case, f"its inputs and reference on {case.label}")
                own = own.with_case(one)
            except BadOperator as exc:
                if not formats.is_problem(scene.request.operator_target):
                    raise
                # Another's problem may have a hundred cases, of which one cannot be run here.
                lost.append(exc)
                scene.draft.add_cut(Cut(Stage.CHECK, case.label, "not run", str(exc)))
                reader = readers.enter_context(_Reader(scene, known))
    if not own.cases:
        raise lost[0]
    kept = [one.facts.case for one in own.cases]
    scene.own, scene.request = own, replace(scene.request, cases=tuple(kept))
    if any(one.frozen for one in own.cases):
        mend = "; draw with generator, or with torch's own"
        mend = "" if formats.is_problem(scene.request.operator_target) else mend
        note(
            f"{own.facts.name}: inputs draws the same for every seed, so that a provider that "
            f"hands out an old answer is not found out{mend}"
        )
    scene.request = _with_telling_case(scene.request, own)
    return tuple(one.facts for one in own.cases)


def _with_telling_case(request: Request, own: Described) -> Request:
    """Beside timings the case with most work is profiled, and beside proofs traced; of those that
    are timed, if there are any."""
    timed = [one for one in own.cases if one.facts.case not in own.untimed] or own.cases
    most = max(timed, key=lambda one: _work_of(one.facts)).facts.case
    if Stage.NCU in request.stages and Stage.BENCH in request.stages:
        ncu: NcuPlan = replace(request.ncu, cases=(most,))
        request = replace(request, ncu=ncu)
    if Stage.PROVE in request.stages:
        request = replace(request, trace=TracePlan((most,)))
    return request


def _work_of(facts: CaseFacts) -> int:
    return (facts.work.flop or facts.work.traffic_bytes) if facts.work else 0


def _providers(request: Request, operator: Operator) -> Tuple[Provider, ...]:
    """Those that were asked for by name, or the usual ones, and the user's others behind them."""
    known = ", ".join(operator.by_name)
    named = [one for one in request.providers if one.target is None]
    for name in (*(one.name for one in named), *request.without):
        if name not in operator.by_name:
            raise BadOperator(operator.name, f"it has no provider {name!r}; it has {known}")
    others = [one for one in request.providers if one.target is not None]
    for one in others:
        if one.name in operator.by_name:
            problem = f"it has a provider {one.name!r} of its own; give yours another name"
            raise BadOperator(operator.name, problem)
    usual = operator.default_providers if request.usual_providers else ()
    chosen: Sequence[Provider] = [*named, *(Provider(name) for name in usual)]
    kept = tuple(one for one in chosen if one.name not in request.without)
    if not kept and not others:
        raise BadOperator(operator.name, "no provider is left to run; leave out fewer")
    return (*kept, *others)


class _Reader:
    """The worker that runs the user's file, once something is asked that is not known."""

    def __init__(self, scene: Scene, known: Remembered) -> None:
        self._scene, self._known = scene, known
        self._name = scene.request.operator
        self._worker: Optional[Worker] = None

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._worker is None:
            return
        if self._known.is_new and kind is None:
            with contextlib.suppress(BadOperator):
                self._known.keep(self._heard(_LOADED, "asking what it is made of"))
        self._worker.kill()

    def _there(self) -> Worker:
        scene = self._scene
        given = (scene.request.operator_target, str(scene.sources), scene.device)
        if self._worker is None:
            try:
                self._worker = Worker(_serve, *given, scene.request.seed)
            except (Died, Silent) as exc:
                raise BadOperator(self._name, f"no process to read it in: {exc}") from exc
        return self._worker

    def ask(self, message: Any, what: str) -> Any:
        """The worker's answer; BadOperator says why there is none."""
        scene = self._scene
        question = (scene.request.operator_target, scene.device, scene.request.seed, message)
        if not self._known.is_on:
            return self._heard(message, what)
        answer = self._known.answer(question)
        if answer is None:
            answer = self._heard(message, what)
            self._known.note(question, answer)
        return answer

    def _heard(self, message: Any, what: str) -> Any:
        worker = self._there()
        limit_s = self._scene.deadline.allow(self._scene.request.check.case_limit_s)
        try:
            worker.send(message)
            answer = worker.receive(limit_s)
        except Silent:
            self._scene.deadline.require()
            how = f"had not ended within {spoken(limit_s)}; --case-limit gives it more"
            raise BadOperator(self._name, f"{what} {how}") from None
        except Died as exc:
            raise BadOperator(self._name, f"{what} ended its process: {exc}") from None
        if isinstance(answer, BadOperator):
            raise answer
        return answer


def _serve(pipe: Pipe, target: str, root: str, device: str, seed: int) -> None:
    """A worker's life: what was asked, then cases; what each came to."""
    # Here, as the parent never imports torch.
    room = "adapted" if formats.is_problem(target) else "user"
    describe = importlib.import_module(f"remote_payload.operators.{room}.describe")
    name = target.rpartition("/")[2]
    given: Tuple[Any, ...] = (target, root, device)
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        if asked == _LOADED:
            pipe.send(_loaded(root))
        elif isinstance(asked, Case):
            pipe.send(_answer(name, describe.case_of, *given, asked, seed))
        else:
            pipe.send(_answer(name, describe.found, *given, asked))


def _loaded(root: str) -> Tuple[str, ...]:
    """The files below `root` that some module was loaded from."""
    above = os.path.join(os.path.realpath(root), "")
    files = [getattr(module, "__file__", None) for module in tuple(sys.modules.values())]
    paths = (os.path.realpath(one) for one in files if isinstance(one, str))
    return tuple(sorted(path[len(above) :] for path in paths if path.startswith(above)))


def _answer(name: str, tell: Callable[..., Any], *given: Any) -> Any:
    try:
        return tell(*given)
    except BadOperator as exc:
        return exc
    except BadCase as exc:
        return BadOperator(name, f"--case: {exc}")
    except Exception as exc:  # such as a tensor that finds no memory
        from remote_payload.processes import places

        places.trace()
        return BadOperator(name, places.sentence(exc))
