"""Which targets are in force: what an operator says of itself, and what targets.yaml adds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import InventoryError, UsageError
from orchestrator.performance.targets.judging import criterion, unit_of
from orchestrator.performance.targets.needs import Need, gpus, needs
from orchestrator.store.kernels import reading as kernels
from orchestrator.store.targets import reading
from orchestrator.store.targets.reading import FILE_NAME, Vocabulary
from remote_payload.contract.facts import CaseFacts, Targets
from remote_payload.operators import registry

_LIST = "Those in force: orchestrator targets"


def file_of(named: Path | None, here: Path, inventory: Path | None) -> Path | None:
    """The file that counts: the one that was named, else the nearest from where one stands
    upwards, else the one beside the inventory. None where there is none."""
    if named is not None:
        return named
    beside = inventory.parent / FILE_NAME if inventory else None
    return reading.find(here) or (beside if beside and beside.is_file() else None)


def written(file: Path | None) -> tuple[Targets, ...]:
    """The targets of a file; none without one. InventoryError: what is wrong with it."""
    if file is None:
        return ()
    return reading.load(file, Vocabulary(gpus(), _called(file.absolute().parent)))


def _called(folder: Path) -> dict[str, str]:
    """Entries of kernels.yaml, and what their host calls them."""
    with suppress(InventoryError):  # told by whoever asks for one of them
        entries = kernels.find(folder).entries.values()
        files = ((one, one.file.name) for one in entries if one.file)
        return {one.name: f"{name}:{one.part}" if one.part else name for one, name in files}
    return {}


def of_operator(name: str, said: Sequence[Targets]) -> tuple[Targets, ...] | None:
    """Those in force for an operator; None where no file speaks of it, so that what it says of
    itself counts. said: of a file; bound to the same, they take the place of the operator's."""
    mine = [one for one in said if one.case.operator == name]
    if not mine:
        return None
    replaced = {reading.bound_to(one) for one in mine}
    kept = [one for one in built_in(name) if reading.bound_to(one) not in replaced]
    return (*kept, *mine)


def built_in(name: str) -> tuple[Targets, ...]:
    """What an operator of ours says of itself."""
    operator = registry.known(name)
    return (operator.targets,) if operator and operator.targets else ()


def everything(said: Sequence[Targets]) -> tuple[Targets, ...]:
    """Those in force for every operator, ours first."""
    others = dict.fromkeys(one.case.operator for one in said)
    found: list[Targets] = []
    for name in (*registry.names(), *(name for name in others if name not in registry.names())):
        mine = of_operator(name, said)
        found += built_in(name) if mine is None else mine
    return tuple(found)


def tier_of(text: str, targets: Sequence[Targets], operator: str) -> str:
    """The tier that --require names: in full, or what stands before its colon; capitals do not
    matter. UsageError names those there are."""
    names = list(dict.fromkeys(tier.name for one in targets for tier in one.tiers))
    if not names:
        raise UsageError(
            f"--require {text}: there are no targets for {operator or 'what was run'}",
            hint=f"Write them into {FILE_NAME}, docs/targets.md tells how. {_LIST}",
        )
    wanted = text.strip().casefold()
    exact = [name for name in names if name.casefold() == wanted]
    short = [name for name in names if name.partition(":")[0].strip().casefold() == wanted]
    if len(found := exact or short) == 1:
        return found[0]
    what = f"could be {' or '.join(map(repr, found))}" if found else "is no tier"
    raise UsageError(
        f"--require: {text!r} {what}; the targets for {operator} have "
        f"{', '.join(map(repr, names))}",
        hint=_LIST,
    )


def facts_of(targets: Targets) -> CaseFacts:
    """Of their case; of a user's own operator nobody here knows how much work it is."""
    operator = registry.known(targets.case.operator)
    return operator.facts_of(targets.case) if operator else CaseFacts(targets.case, None)


def unit(targets: Targets) -> str:
    """What the limits are counted in, as far as it is known here."""
    operator = registry.known(targets.case.operator)
    return unit_of(targets, operator.unit if operator else "µs/unit")


def beyond(targets: Sequence[Targets]) -> tuple[str, ...]:
    """A sentence for each tier of a file that lies beyond a roof of the GPU that it is bound to."""
    return tuple(
        sentence(one, need)
        for one in targets
        if one.source
        for need in needs(one, facts_of(one))
        if need.beyond
    )


def sentence(targets: Targets, need: Need) -> str:
    """Which tier lies beyond which roof."""
    limit = criterion(need.tier, unit(targets))
    return f"{targets.source}: {targets.name}: {need.tier.name} ({limit}) lies {need.beyond}"
