"""One exchange with RunPod's API: authorised, bounded in time, repeated politely."""

from __future__ import annotations

import ipaddress
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.errors import HostUnreachable, UsageError
from orchestrator.here.aside import within

if TYPE_CHECKING:
    import requests

# Too many requests, and what a gateway says while the service behind it is away.
_PASSING = frozenset({429, 500, 502, 503, 504})


_ANSWER_LIMIT_BYTES, _PIECE_BYTES = 4 << 20, 1 << 16


@dataclass(frozen=True)
class ApiKey:
    """A secret that does not show itself: not in repr, not in what `redacted` lets through."""

    secret: str = field(repr=False)

    def redacted(self, text: str) -> str:
        return text.replace(self.secret, "***")


@dataclass(frozen=True)
class Patience:
    """connect_s, silence_s: for TCP and TLS, and between two bytes of an answer.

    answer_s: for all of one answer, the name of the server included; it is not asked again then.
    pauses_s: before each new try, half to one and a half times as long, so that many clients do
    not return together. longest_s: the longest Retry-After that is waited for.
    """

    connect_s: float = 5.0
    silence_s: float = 10.0
    answer_s: float = 20.0
    pauses_s: tuple[float, ...] = (0.5, 2.0)
    longest_s: float = 20.0


@dataclass(frozen=True)
class Reply:
    """What came back. retry_after_s: when the server says to return; None if it does not."""

    status: int
    body: bytes
    retry_after_s: int | None = None


class Api:
    """The API below one base URL, such as https://api.runpod.io/v2.

    UsageError: the URL would show the key to others.
    """

    def __init__(
        self,
        url: str,
        key: ApiKey,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = _checked(url)
        self.key = key
        self._patience = patience or Patience()
        self._sleep = sleep

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> Reply:
        """Send one request that may be sent twice; return the reply, whatever its status.

        HostUnreachable: no whole answer came, after every try.
        """
        import requests

        pauses_s = iter(self._patience.pauses_s)
        while True:
            pause_s, asked_s = next(pauses_s, None), 0
            try:
                # Aside, as looking up a name cannot be broken off, by Ctrl-C for one.
                reply = within(
                    self._patience.answer_s, partial(self._once, method, path, body), "RunPod"
                )
            except TimeoutError:
                raise self._too_slow() from None
            except requests.RequestException as error:
                if pause_s is None or isinstance(error, requests.exceptions.SSLError):
                    raise self._unanswered(error) from None
            else:
                asked_s = reply.retry_after_s or 0
                hopeless = pause_s is None or asked_s > self._patience.longest_s
                if reply.status not in _PASSING or hopeless:
                    return reply
            assert pause_s is not None
            self._sleep(asked_s + random.uniform(0.5, 1.5) * pause_s)

    def _once(self, method: str, path: str, body: dict[str, str] | None) -> Reply:
        response = self._session.request(
            method,
            self._url + path,
            json=body,
            timeout=(self._patience.connect_s, self._patience.silence_s),
            allow_redirects=False,
            stream=True,
        )
        with response:
            text = b"".join(_bounded(response))
        after = response.headers.get("Retry-After", "")
        # Nine digits are thirty years; Python refuses to read a number of thousands.
        after_s = int(after) if re.fullmatch(r"[0-9]{1,9}", after) else None
        return Reply(response.status_code, text, after_s)

    @cached_property
    def _session(self) -> requests.Session:
        import requests

        session = requests.Session()
        session.headers["Accept"] = "application/json, application/problem+json"
        # As `auth`, not as a header: a line of ~/.netrc would replace the header.
        session.auth = self._authorise
        # A proxy of the environment would not find the way to this machine.
        session.trust_env = not _is_loopback(self._url)
        return session

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.key.secret}"
        return request

    def _too_slow(self) -> HostUnreachable:
        where, limit_s = urlsplit(self._url).netloc, self._patience.answer_s
        return HostUnreachable(
            f"RunPod's API at {where} did not come to the end of an answer within {limit_s:g} s",
            hint="Check your network, and try again.",
        )

    def _unanswered(self, error: requests.RequestException) -> HostUnreachable:
        import requests

        where, hint = urlsplit(self._url).netloc, "Check your network, and try again."
        if isinstance(error, requests.Timeout):
            return HostUnreachable(f"RunPod's API at {where} does not answer", hint=hint)
        if isinstance(error, requests.exceptions.SSLError):
            return HostUnreachable(
                f"the TLS certificate of {where} is not trusted: {error}",
                hint="Something between here and RunPod opens the connection. If that is your "
                "company's proxy, name its certificates in REQUESTS_CA_BUNDLE.",
            )
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return HostUnreachable(f"the answer of RunPod's API at {where} broke off", hint=hint)
        said = self.key.redacted(str(error))
        return HostUnreachable(f"RunPod's API at {where} cannot be reached: {said}", hint=hint)


def _bounded(response: requests.Response) -> Iterator[bytes]:
    """The body, cut off where no answer goes on; what is left is no JSON, and told as such."""
    left = _ANSWER_LIMIT_BYTES
    for piece in response.iter_content(_PIECE_BYTES):
        yield piece
        left -= len(piece)
        if left < 0:
            return


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname is None or parts.username is not None or parts.query or parts.fragment:
        raise UsageError(
            "RUNPOD_API_URL is not an address of an API",
            hint="Expected something like https://api.runpod.io/v2; unset it for just that.",
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(url)):
        raise UsageError(
            "RUNPOD_API_URL would send your API key unencrypted",
            hint="Write https://; http:// is only for this machine itself.",
        )
    return url.rstrip("/")


def _is_loopback(url: str) -> bool:
    name = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
