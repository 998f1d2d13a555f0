"""Fixtures shared by every room: an empty home, a real SSH server, a bad network."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.processes import kill_jobs
from tests.ssh.link import LossyLink
from tests.ssh.server import LOCKS, Keys, SshServer, make_keys, serve

settings.register_profile(
    "quiet",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # A gate draws the same examples every time; a developer's machine goes on looking.
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("quiet")

# Workers that share the cores each take their part: torch's threads would wait for each other's
# cores, spinning. A test run by itself takes all.
if _workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // _workers))

# What a script starts in the background ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_WITHOUT_SSHD = "BSK_TESTS_WITHOUT_SSHD"
_PERSONAL = (
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "RUNPOD_API_KEY",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
)


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """A command that was interrupted ignores Ctrl-C from then on: here that would be every later
    test of this process, and all that they start."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


_numbers = itertools.count()


def _empty(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder of this process; mktemp would look through those of all tests before."""
    place = factory.getbasetemp() / name / str(next(_numbers))
    place.mkdir(parents=True)
    return place


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME: no test sees or touches the developer's keys, agent or known hosts."""
    place, locks = (_empty(tmp_path_factory, name) for name in ("home", "locks"))
    monkeypatch.setenv("HOME", str(place))
    # Jobs of other test processes use other devices, as far as ours can tell.
    monkeypatch.setenv(LOCKS, str(locks))
    for name in _PERSONAL:
        monkeypatch.delenv(name, raising=False)
    return place


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Key pairs for servers and clients."""
    if not (shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")):
        if os.environ.get(_WITHOUT_SSHD):
            pytest.skip(f"{_WITHOUT_SSHD} is set")
        pytest.fail(f"no sshd here: install openssh-server, or set {_WITHOUT_SSHD}=1 to do without")
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def sshd(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A real OpenSSH server with its default behaviour, one per test process."""
    with serve(tmp_path_factory.mktemp("sshd"), keys) as server:
        yield server


@pytest.fixture(autouse=True)
def devices(request: pytest.FixtureRequest) -> Iterator[None]:
    """A job that a test leaves on `sshd`, as one that fails does, keeps no device from the next."""
    server = request.getfixturevalue("sshd") if "sshd" in request.fixturenames else None
    yield
    if server:
        kill_jobs(server)


SshdVariant = Callable[..., SshServer]


@pytest.fixture
def sshd_variant(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshdVariant]:
    """Start servers with other behaviour: sshd_variant(*NOISY_LOGIN), host_key=..., port=..."""
    with contextlib.ExitStack() as stack:

        def start(
            *options: str,
            host_key: Path | None = None,
            port: int | None = None,
            environment: Mapping[str, str] | None = None,
        ) -> SshServer:
            place = tmp_path_factory.mktemp("sshd-variant")
            running = serve(
                place, keys, *options, host_key=host_key, port=port, environment=environment
            )
            return stack.enter_context(running)

        yield start


@pytest.fixture
def lossy_link(sshd: SshServer) -> Iterator[Callable[..., LossyLink]]:
    """Links to `sshd` or another port: lossy_link(latency_s=0.05), lossy_link(target_port=...)."""
    with contextlib.ExitStack() as stack:

        def join(latency_s: float = 0.0, target_port: int | None = None) -> LossyLink:
            link = LossyLink(target_port or sshd.port, latency_s)
            stack.callback(link.close)
            return link

        yield join
