"""What the stage prove needs. What explains a failed gate must not stand behind it."""

from __future__ import annotations

from remote_payload.contract.codec import CodecError
from remote_payload.contract.request import Request
from remote_payload.contract.words import PROOFS, Stage
from remote_payload.operators import registry
from remote_payload.stages.declaration import Declaration, Limit, require_above_zero


def _sense(request: Request) -> None:
    operator = registry.known(request.operator)
    if operator is not None and not operator.library:
        raise CodecError(
            "operator", f"expected one that csrc/ has a kernel of, got {operator.name!r}"
        )
    for name in request.prove.proofs:
        if name not in PROOFS:
            raise CodecError("prove.proofs", f"expected some of {', '.join(PROOFS)}, got {name!r}")
    require_above_zero(request, "prove", "case_limit_s")


DECLARED = Declaration(
    Stage.PROVE,
    kernel=True,
    cases=False,
    always=True,
    sense=_sense,
    limit=Limit("prove", "case_limit_s", "--proof-limit"),
)
