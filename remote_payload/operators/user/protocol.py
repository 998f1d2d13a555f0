"""The protocol of docs/operators.md: what an operator's file states, found sensible.

Standard library only; the same rules read a file's text at home and the loaded module on the host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple

from remote_payload.contract.case import Value
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Gate
from remote_payload.operators.base import Axis
from remote_payload.operators.user.stated import OPAQUE, BadOperator, Function, Stated, shown
from remote_payload.operators.user.sweep import DRAWN, Sweep, cpu_sweep, usual_sweep

# The provider that every file has: its reference, as PyTorch runs it in the case's own dtype.
REFERENCE = "reference"
PRECISIONS = ("fp64", "fp32", "given")
_USUAL_DTYPES = (DType.FP16, DType.BF16, DType.FP32)
_PROVIDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True)
class Protocol:
    """What a file says of its operator. None: only running it would tell.

    sweep, cpu_sweep: the values of each axis where nothing is said. outputs: (name, what) pairs;
    what is a DType, "dtype" for the case's, or None for whatever the reference gives.
    """

    title: str
    sweep: Optional[Sweep]
    cpu_sweep: Optional[Sweep]
    dtypes: Optional[Tuple[DType, ...]]
    providers: Optional[Tuple[str, ...]]
    baseline: str
    per: str
    unit: str
    precision: str
    outputs: Optional[Tuple[Tuple[str, str], ...]]

    @property
    def axes(self) -> Tuple[Axis, ...]:
        """In the order in which they are stated."""
        return tuple(
            Axis(name, name, "", otherwise(values[0]), 0)
            for name, values in (self.sweep or {}).items()
        )

    @property
    def default_providers(self) -> Tuple[str, ...]:
        """Who runs where nobody is named."""
        own = self.providers or ()
        return own if self.baseline in own else (*own, self.baseline)


def read(stated: Stated) -> Protocol:
    """The protocol of a file; BadOperator says what is missing or wrong, and where."""
    _require(stated)
    sweep = usual_sweep(stated)
    dtypes = _dtypes(stated)
    providers = _providers(stated)
    if sweep is not None:
        _require_parameters(stated, sweep)
    _require_mapping_or_function(stated, "scalars")
    _require_function(stated, "work")
    _require_tolerance(stated)
    per = _word(stated, "per", "")
    if per and sweep is not None and (per not in sweep or not _counts(sweep[per][0])):
        counted = ", ".join(name for name, values in sweep.items() if _counts(values[0]))
        raise stated.bad("per", f"expected an axis that counts ({counted}), got {per!r}")
    precision = _word(stated, "precision", PRECISIONS[0])
    if precision not in PRECISIONS:
        raise stated.bad("precision", f"expected {_or(PRECISIONS)}, got {precision!r}")
    return Protocol(
        title=_word(stated, "title", stated.part or stated.file.rpartition(".")[0]),
        sweep=sweep,
        cpu_sweep=None if sweep is None else cpu_sweep(stated, sweep),
        dtypes=dtypes,
        providers=providers,
        baseline=_baseline(stated, providers),
        per=per,
        unit=_word(stated, "unit", f"µs/{per}" if per else "µs"),
        precision=precision,
        outputs=_outputs(stated),
    )


def gate(stated: Stated, given: Any) -> Gate:
    """A tolerance as it is written, `{"rtol": 1e-3, "atol": 1e-5}`."""
    if not isinstance(given, Mapping) or set(given) != {"rtol", "atol"}:
        raise stated.bad("tolerance", f'expected {{"rtol": 1e-3, "atol": 1e-5}}, got {given!r}')
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e30:
            raise stated.bad("tolerance", f"{key}: expected a number from 0 on, got {value!r}")
    return Gate(float(given["rtol"]), float(given["atol"]))


def _require(stated: Stated) -> None:
    for name in ("reference", "inputs", "axes"):
        if name in stated.values:
            continue
        alike = [word for word, meant in stated.misspelt.items() if meant == name]
        problem = f"there is no {name} in it; see docs/operators.md for what a file has to state"
        if alike:
            problem = f"there is no {name} in it, but {alike[0]} looks like it"
        if stated.classes and not stated.part:
            of_class = f"{stated.file}:{stated.classes[0]}"
            problem = f"there is no {name} in it, but in a class; name one, as in {of_class}"
        raise BadOperator(stated.place(""), problem)
    for name, meant in stated.misspelt.items():
        raise stated.bad(name, f"nothing reads it; write {meant}, or call it something else")
    _require_function(stated, "inputs")
    _require_function(stated, "reference")


def _require_function(stated: Stated, name: str) -> None:
    value = stated.values.get(name, OPAQUE)
    if value is not OPAQUE and not isinstance(value, Function):
        raise stated.bad(name, f"expected a function, got {shown(value)}")


def _require_mapping_or_function(stated: Stated, name: str) -> None:
    value = stated.values.get(name, OPAQUE)
    named = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    if value is not OPAQUE and not isinstance(value, Function) and not named:
        raise stated.bad(name, f"expected a dict by name, or a function, got {shown(value)}")


def _dtypes(stated: Stated) -> Optional[Tuple[DType, ...]]:
    given = stated.values.get("dtypes")
    inputs = stated.values["inputs"]
    drawn = not isinstance(inputs, Function) or takes(inputs, "dtype")
    if given is OPAQUE or (given is None and not isinstance(inputs, Function)):
        return None
    if given is None:
        return _USUAL_DTYPES if drawn else (DType.FP32,)
    known = {one.value: one for one in DType}
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or not names:
        raise stated.bad("dtypes", f"expected a list of {', '.join(known)}, got {shown(given)}")
    for name in names:
        if name not in known:
            raise stated.bad("dtypes", f"expected some of {', '.join(known)}, got {shown(name)}")
    if len(names) > 1 and not drawn:
        raise stated.bad("dtypes", "inputs takes no dtype, so that it would draw one of them only")
    return tuple(known[name] for name in dict.fromkeys(names))


def _providers(stated: Stated) -> Optional[Tuple[str, ...]]:
    given = stated.values.get("providers", {})
    if given is OPAQUE:
        return None
    if not isinstance(given, Mapping):
        what = "a list of functions, or a dict such as {'mine': function}"
        raise stated.bad("providers", f"expected {what}, got {shown(given)}")
    for name, value in given.items():
        if not isinstance(name, str) or not _PROVIDER.match(name):
            raise stated.bad("providers", f"{name!r} cannot be a name; write {{'name': function}}")
        if name == REFERENCE:
            problem = f"{REFERENCE!r} is the reference run as a provider; choose another name"
            raise stated.bad("providers", problem)
        if value is not OPAQUE and not callable(value):
            raise stated.bad("providers", f"{name}: expected a function, got {shown(value)}")
    return tuple(given)


def _baseline(stated: Stated, providers: Optional[Sequence[str]]) -> str:
    named = _word(stated, "baseline", "")
    known = (*(providers or ()), REFERENCE)
    if named and providers is not None and named not in known:
        raise stated.bad("baseline", f"expected one of {', '.join(known)}, got {named!r}")
    # One alone has nobody to be compared with.
    return named or (known[0] if len(known) > 2 else REFERENCE)


def _outputs(stated: Stated) -> Optional[Tuple[Tuple[str, str], ...]]:
    given = stated.values.get("outputs", OPAQUE)
    if given is OPAQUE:
        return None
    named = dict.fromkeys(given, "dtype") if isinstance(given, (list, tuple)) else given
    known = ("dtype", *(one.value for one in DType))
    if not isinstance(named, Mapping) or not named:
        problem = f"expected names, or a dict such as {{'y': 'dtype'}}, got {shown(given)}"
        raise stated.bad("outputs", problem)
    for name, what in named.items():
        if not isinstance(name, str) or what not in known:
            raise stated.bad("outputs", f"{name}: expected one of {', '.join(known)}, got {what!r}")
    return tuple(named.items())


def _require_parameters(stated: Stated, sweep: Sweep) -> None:
    """Each function gets what it takes, by name; what is no axis nobody could give it."""
    allowed = {
        "inputs": (*sweep, *DRAWN),
        "scalars": (*sweep, "dtype"),
        "work": (*sweep, "dtype"),
        "tolerance": (*sweep, "dtype"),
    }
    for name, known in allowed.items():
        value = stated.values.get(name)
        for taken in value.parameters if isinstance(value, Function) else ():
            if taken not in known:
                problem = f"it takes {taken}, which is no axis; expected some of {', '.join(known)}"
                raise stated.bad(name, problem)


def _require_tolerance(stated: Stated) -> None:
    """{"rtol", "atol"}, the same for each dtype, or a function."""
    given = stated.values.get("tolerance", OPAQUE)
    if given is OPAQUE or isinstance(given, Function):
        return
    known = [one.value for one in DType]
    if isinstance(given, Mapping) and given and all(key in known for key in given):
        for value in given.values():
            gate(stated, value)
    else:
        gate(stated, given)


def otherwise(value: Value) -> Optional[Value]:
    """As `Axis.otherwise`, for an axis that has values such as this."""
    return False if isinstance(value, bool) else ("" if isinstance(value, str) else None)


def takes(function: Function, name: str) -> bool:
    """Whether a function wants to be given something of that name."""
    return function.any_names or name in (*function.parameters, *function.optional)


def _word(stated: Stated, name: str, otherwise: str) -> str:
    value = stated.values.get(name, otherwise)
    if value is OPAQUE:
        return otherwise
    if not isinstance(value, str) or (not value.strip() and name in stated.values):
        raise stated.bad(name, f"expected a text, got {shown(value)}")
    return value


def _counts(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _or(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words[:-1])) + f" or {words[-1]!r}"
