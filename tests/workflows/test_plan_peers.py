"""Which providers a run asks for, with and without the packages of others."""

from __future__ import annotations

from pathlib import Path

from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage
from remote_payload.operators import registry
from remote_payload.operators.attention.catalog import PEERS

DEFAULT_PROVIDERS = registry.find(registry.DEFAULT).default_providers
STAGES = (Stage.BUILD, Stage.CHECK, Stage.BENCH)


def asked_for(**wish: object) -> tuple[Provider, ...]:
    return plan(Wish(STAGES, **wish), Path()).request.providers  # type: ignore[arg-type]


def test_peers_are_no_part_of_the_default_set() -> None:
    assert asked_for() == tuple(Provider(name) for name in DEFAULT_PROVIDERS)
    assert not set(DEFAULT_PROVIDERS) & set(PEERS)


def test_peers_come_after_the_default_set_and_none_of_them_has_to_be_there() -> None:
    assert asked_for(peers=True) == tuple(Provider(name) for name in (*DEFAULT_PROVIDERS, *PEERS))


def test_a_peer_asked_for_by_name_has_to_be_there_and_is_timed_once() -> None:
    assert asked_for(peers=True, providers=("sparsek", "fa3")) == (
        Provider("sparsek", required=True),
        Provider("fa3", required=True),
        Provider("fa4"),
        Provider("flashinfer"),
        Provider("triton"),
    )
