"""The API's JSON → Pod: what we need is checked, anything else may change without telling us."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from orchestrator.cloud.pod import Endpoint, Pod, PodStatus
from orchestrator.errors import HostUnreachable
from orchestrator.values.text import printable
from remote_payload.contract import codec

_SHOWN_PROBLEMS = 3
# No pod holds more GPUs or costs more; a day on either side keeps a date inside the calendar
# whatever time zone it is shown in.
_MOST_GPUS, _MOST_USD = 4096, 100_000.0
_FIRST_DAY = datetime(1, 1, 2, tzinfo=timezone.utc)
_LAST_DAY = datetime(9999, 12, 30, tzinfo=timezone.utc)


def _in_the_calendar(moment: datetime) -> datetime:
    if not _FIRST_DAY <= moment <= _LAST_DAY:
        raise ValueError("a date outside the calendar")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_the_calendar)]
Shown = Annotated[str, AfterValidator(printable)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class _Gpu(_Answer):
    id: Shown
    count: Annotated[int, Field(ge=0, le=_MOST_GPUS)] = 1


class _Endpoint(_Answer):
    # As narrow as the inventory's own: ssh_config can hand all three to a shell.
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$")]
    port: Annotated[int, Field(ge=1, le=65535)]
    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$")]


class _Ssh(_Answer):
    direct: _Endpoint | None


class _Pod(_Answer):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    name: Shown
    status: PodStatus
    gpu: _Gpu | None = None
    cost: Annotated[float, Field(ge=0, le=_MOST_USD)]
    started_at: Annotated[Moment | None, Field(alias="startedAt")]
    ssh: _Ssh
    ports: tuple[str, ...] = ()
    locked: bool = False


class _Problem(_Answer):
    title: str = ""
    detail: str = ""
    errors: tuple[str, ...] = ()


def read_pod(body: bytes) -> Pod:
    """Return the pod that a JSON document describes.

    HostUnreachable: no JSON, or something we need is missing or of another type; the message
    names it.
    """
    try:
        codec.parse(body)  # stricter than pydantic: no key twice
        answer = _Pod.model_validate_json(body)
    except (ValidationError, codec.CodecError) as exc:
        problems = (
            _problems(exc) if isinstance(exc, ValidationError) else f"the whole: {exc.problem}"
        )
        raise HostUnreachable(
            f"RunPod's answer is not a pod as its API v2 describes it: {problems}",
            hint="The API may have changed: look for a newer release. Until then write the "
            "pod's `address:` and `port:` into the inventory, in place of `runpod:`.",
        ) from None
    return Pod(
        id=answer.id,
        name=answer.name,
        status=answer.status,
        gpu=answer.gpu.id if answer.gpu else None,
        gpu_count=answer.gpu.count if answer.gpu else 0,
        cost_usd_per_hour=answer.cost,
        started_at=answer.started_at,
        ssh=_endpoint(answer.ssh.direct),
        exposes_ssh="22/tcp" in answer.ports,
        locked=answer.locked,
    )


def read_detail(body: bytes) -> str:
    """Return what an RFC 9457 problem document says, as one line; "" if it is none."""
    try:
        problem = _Problem.model_validate_json(body)
    except ValidationError:
        return ""
    said = (problem.detail or problem.title, *problem.errors)
    return printable("; ".join(text for text in said if text))


def _endpoint(direct: _Endpoint | None) -> Endpoint | None:
    return Endpoint(direct.host, direct.port, direct.username) if direct else None


def _problems(error: ValidationError) -> str:
    """Say where and what, never the values: they come from elsewhere and may be secrets."""
    told = [
        f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)
    ]
    return printable("; ".join(told[:_SHOWN_PROBLEMS]))
