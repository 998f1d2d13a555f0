"""What to say when a host does not let us in: each key's story, and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import AuthenticationError, HostUnreachable, NobodyToAsk
from orchestrator.transport.failures import lost
from orchestrator.transport.login.keys import (
    FOR_AGENT,
    LOCKED,
    NOBODY,
    REFUSED,
    KeyRing,
    Tried,
    into_agent,
    key_setting,
)
from orchestrator.transport.login.ssh_agent import no_key_of_an_agent
from orchestrator.transport.way.route import Route
from orchestrator.values.host import Host

_PERSON_HINT = "Run the command in a terminal, where you are asked"


def denied(
    host: Host, user: str, ring: KeyRing, tried: Tried, methods: Sequence[str], banner: str
) -> AuthenticationError:
    """No key of the ring let us in, and the host takes keys."""
    also = [name for name in methods if name != "publickey"]
    said = f"\n  the host says: {banner}" if banner else ""
    if not tried.outcomes:
        why, mend = no_key_of_an_agent(ring.route, len(ring.held))
        return AuthenticationError(
            f"no SSH key to offer to {host.where}: {why}, no ~/.ssh/id_*{said}",
            hint=f"Set {key_setting(host)}, or {mend}.",
        )
    if tried.refusals == len(tried.outcomes):
        what = f"refused user {user!r} with every key tried: {', '.join(tried.labels)}"
    else:
        what = f"did not let user {user!r} in:{_list(tried)}"
    kind = NobodyToAsk if any(NOBODY in why for _, why in tried.outcomes) else AuthenticationError
    return kind(f"{host.where} {what}{said}", hint=_next_step(host, ring.route, tried, also))


def hung_up(host: Host, tried: Tried, typed: int) -> HostUnreachable:
    """The host hung up in the middle.

    No server is known to do so because of one key, so then it is a LinkLost. typed: how often a
    person had answered.
    """
    if typed:
        return AuthenticationError(
            f"{host.where} hung up during the login, after {_answers(typed)}",
            hint="Servers give little time (LoginGraceTime) and few tries (MaxAuthTries). Run the "
            "same command again.",
        )
    if not tried.refusals:
        return lost(host, f"hung up while we logged in with {tried.at_hand or 'nothing yet'}")
    tried.add(tried.at_hand, "the host hung up")
    return AuthenticationError(
        f"{host.where} hung up after {len(tried.outcomes)} keys:{_list(tried)}",
        hint="Servers allow few tries (MaxAuthTries). Name the right key: set "
        f"{key_setting(host)}, or IdentitiesOnly in ~/.ssh/config.",
    )


def nobody_to_ask(host: Host, tried: Tried, methods: Sequence[str]) -> NobodyToAsk:
    """The host wants an answer from a person, and none sits here."""
    wanted = " or ".join(methods)
    if tried.accepted:
        what = f"accepted {_accepted(tried)} and wants {wanted} as well; nobody can be asked here"
        otherwise = "its sshd_config (AuthenticationMethods) to let this account in by key alone"
    else:
        what = f"does not let us in by key; it accepts: {', '.join(methods)}"
        otherwise = "its sshd_config to PubkeyAuthentication yes, and use a key"
    return NobodyToAsk(f"{host.where} {what}", hint=f"{_PERSON_HINT}, or set {otherwise}.")


def more_than_we_can(host: Host, tried: Tried, methods: Sequence[str]) -> AuthenticationError:
    """The host wants a proof that we do not have, or do not know how to give."""
    if tried.accepted and "publickey" in methods:
        rest = _list(tried) if tried.outcomes else " there is none to offer"
        return AuthenticationError(
            f"{host.where} accepted {_accepted(tried)} and wants another key as well:{rest}",
            hint="Run `ssh-add` with the other key"
            + (
                "."
                if host.is_jump
                else f", and leave out {key_setting(host)}: it is offered alone."
            ),
        )
    known = f"accepted {_accepted(tried)} and wants more" if tried.accepted else "takes no keys"
    return AuthenticationError(
        f"{host.where} {known}; it accepts: {', '.join(methods) or 'nothing'}",
        hint="We know publickey, keyboard-interactive and password: ask whoever runs the host for "
        "one of them.",
    )


def never_enough(host: Host, proofs: int) -> AuthenticationError:
    """It counts each proof as one of several, and never has them all."""
    return AuthenticationError(
        f"{host.where} has taken {proofs} proofs one after another, and still wants more",
        hint="Servers want two or three (AuthenticationMethods of sshd_config): is it the right "
        "server? If so, ask whoever runs it.",
    )


def wrong_answers(host: Host, method: str, tries: int) -> AuthenticationError:
    """What was typed was wrong each time."""
    return AuthenticationError(
        f"{host.where} did not accept what was typed for {method}, {tries} times",
        hint="Run the same command again. Are the clocks of both sides right, if it is a code?",
    )


def new_password(host: Host) -> AuthenticationError:
    """The password has expired."""
    return AuthenticationError(
        f"{host.where} wants a new password before it lets this account in",
        hint="Log in once with plain `ssh`, where it asks for one.",
    )


def _next_step(host: Host, route: Route, tried: Tried, also: Sequence[str]) -> str:
    whys = [what for _, what in tried.outcomes]
    if any(what.startswith("the agent ") for what in whys):  # it was to sign, and did not
        first = "Confirm when the agent asks, touch the security key, or `ssh-add` an expired key "
        return first + "again; `ssh-add -T KEY.pub` tells whether the agent signs with it."
    for why in (LOCKED, FOR_AGENT):
        if held := [label for label, what in tried.outcomes if what.startswith(why)]:
            first = into_agent(route, Path(held[0]))
            return f"{first[0].upper()}{first[1:]}, then try again."
    if all(what != REFUSED for what in whys):
        return f"Set {key_setting(host)}, or {into_agent(route)}."
    besides = (
        f" It would also accept {', '.join(also)}, which we do not try in a key's place."
        if also
        else ""
    )
    return (
        "Add the .pub half of one of them to the host's authorized_keys (for a pod: in the "
        f"provider's settings, then restart it), or correct `user:` or `identity_file:`.{besides}"
    )


def _accepted(tried: Tried) -> str:
    return " and ".join(tried.accepted)


def _list(tried: Tried) -> str:
    return "".join(f"\n  {label}: {what}" for label, what in tried.outcomes)


def _answers(count: int) -> str:
    return "one answer" if count == 1 else f"{count} answers"
