"""Logging in: one key after another, and what the server wants beyond them from a person.

A key comes first. A password or an answer is asked for only where the server wants it besides a
key that it has accepted, or takes no keys at all: never because no key fits.
"""

from __future__ import annotations

from orchestrator.errors import OrchestratorError
from orchestrator.transport.login import denial
from orchestrator.transport.login.keys import KeyRing, Offer, Tried
from orchestrator.transport.login.ssh_auth import (
    Accepted,
    Answer,
    CannotSignError,
    Dialogue,
    NewPassword,
    Questions,
    Refused,
)
from orchestrator.transport.login.trust import Question, Trust
from orchestrator.values.host import Host
from orchestrator.values.text import APART, printable

# As OpenSSH's NumberOfPasswordPrompts.
_TRIES = 3
_ROUNDS = 20
# sshd's AuthenticationMethods asks for two or three.
_PROOFS = 10
_SHOWN_CHARACTERS = 2000
_KEY, _BY_PERSON = "publickey", ("keyboard-interactive", "password")


class Login:
    """One login as `user`. again: the link was lost in use; whoever is asked anew learns why."""

    def __init__(
        self, host: Host, user: str, trust: Trust, dialogue: Dialogue, again: bool = False
    ) -> None:
        self._host, self._user, self._trust, self._again = host, user, trust, again
        self._dialogue = dialogue
        self._tried = Tried()
        self._requested = False
        self._asking = False
        self._typed = 0
        self._proofs = 0
        self._silent: set[str] = set()

    def through(self, ring: KeyRing) -> None:
        """Log in, or say for each key what happened and what to do next.

        AuthenticationError: refused; NobodyToAsk: a person would have to answer. LinkLost,
        TimeoutError, EOFError or what Paramiko met: the connection did not last.
        """
        try:
            self._dialogue.begin()
            offers = ring.offers(self._tried)
            # What a server takes is told with its first refusal; until then a key is worth a try.
            answer: Answer = Refused((_KEY,), partly=False)
            while isinstance(answer, Refused):
                offer = next(offers, None) if _wants_key(answer) else None
                answer = self._following(answer, offer, ring)
            if not isinstance(answer, Accepted):
                raise EOFError(f"the server answered out of turn ({type(answer).__name__})")
        except (OrchestratorError, TimeoutError):
            raise
        except Exception as error:
            if self._asking or self._dialogue.is_alive():
                raise
            raise denial.hung_up(self._host, self._tried, self._typed) from error

    def _following(self, wanted: Refused, offer: Offer | None, ring: KeyRing) -> Answer:
        if offer is not None:
            self._requested = True
            return self._offered(offer, wanted)
        if not self._requested:
            self._requested = True
            return self._dialogue.nothing()
        if _wants_key(wanted) and not self._tried.accepted:
            banner = printable(self._dialogue.banner).strip()
            raise denial.denied(self._host, self._user, ring, self._tried, wanted.methods, banner)
        return self._by_person(wanted)

    def _offered(self, offer: Offer, wanted: Refused) -> Answer:
        self._tried.at_hand = offer.label
        try:
            # Whoever has to confirm a signature confirms only one that the host wants.
            answer = self._dialogue.knows(offer.signer) if offer.held else None
            if not isinstance(answer, Refused):
                answer = self._dialogue.prove(offer.signer)
        except CannotSignError as error:
            self._tried.add(offer.label, str(error))
            return wanted
        if isinstance(answer, Refused) and answer.partly:
            self._tried.counted(offer)
        elif isinstance(answer, Refused) and _wants_key(answer):
            self._tried.refused(offer)
        return answer

    def _by_person(self, wanted: Refused) -> Answer:
        if wanted.partly:
            self._typed, self._silent = 0, set()
            self._proofs += 1
        if self._proofs == _PROOFS:
            raise denial.never_enough(self._host, _PROOFS)
        methods = [name for name in _BY_PERSON if name in wanted.methods]
        open_methods = [name for name in methods if name not in self._silent]
        if not open_methods:
            raise denial.more_than_we_can(self._host, self._tried, wanted.methods)
        if self._trust.answers is None:
            raise denial.nobody_to_ask(self._host, self._tried, methods)
        if self._typed == _TRIES:
            raise denial.wrong_answers(self._host, open_methods[0], _TRIES)
        method = open_methods[0]
        answer = self._conversed() if method == _BY_PERSON[0] else self._password()
        if isinstance(answer, NewPassword):
            raise denial.new_password(self._host)
        return answer

    def _conversed(self) -> Answer:
        typed, answer = self._typed, self._dialogue.converse()
        for _ in range(_ROUNDS):
            if not isinstance(answer, Questions):
                break
            if answer.questions and typed == self._typed:
                self._typed += 1
            said = f"{answer.title}\n{answer.instruction}"
            answer = self._dialogue.reply(self._ask(_BY_PERSON[0], said, answer.questions))
        if typed == self._typed and isinstance(answer, Refused):
            self._silent.add(_BY_PERSON[0])  # offered, and yet it asks nothing
        return answer

    def _password(self) -> Answer:
        self._typed += 1
        question = Question(f"Password of {self._user}: ", seen=False)
        (password,) = self._ask(_BY_PERSON[1], "", (question,))
        return self._dialogue.password(password)

    def _ask(self, method: str, said: str, questions: tuple[Question, ...]) -> list[str]:
        if not questions and not said.strip():
            return []  # OpenSSH with PAM ends with such a round
        assert self._trust.answers is not None
        harmless = tuple(Question(_harmless(each.text), each.seen) for each in questions)
        self._asking = True
        answers = self._trust.answers(f"{self._why(method)}\n{_harmless(said)}".strip(), harmless)
        self._asking = False
        return answers

    def _why(self, method: str) -> str:
        lost = "the link was lost; " if self._again else ""
        if self._typed > 1:
            return f"{lost}{self._host.where} did not accept that, once more:"
        if self._tried.accepted:
            return (
                f"{lost}{self._host.where} accepted {self._tried.accepted[-1]} and wants "
                f"{method} as well:"
            )
        return f"{lost}{self._host.where} takes no keys and wants {method}:"


def _wants_key(answer: Refused) -> bool:
    return _KEY in answer.methods


def _harmless(text: str) -> str:
    """A server's words for a terminal: no control characters, bounded, set off from ours."""
    text = text[:_SHOWN_CHARACTERS].replace("\r\n", "\n")
    lines = (line.rstrip() for line in printable(text).splitlines())
    shown = "\n".join(f"{APART}{line}" for line in lines if line)
    return f"{shown} " if text.endswith(" ") else shown
