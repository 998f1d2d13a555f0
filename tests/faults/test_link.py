"""The line between laptop and host breaks, in every way we know, at every stage."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cloud.api import Api, ApiKey, Patience
from orchestrator.cloud.runpod import RunPod, endpoint
from orchestrator.errors import HostUnreachable
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import bring_home
from tests.cloud.server import KEY, pod_json
from tests.cloud.server import serve as serve_pods
from tests.faults.conftest import (
    COUNTS,
    FINISH,
    Laptop,
    WhenSeen,
    ended,
    kill_sessions,
    wait_until,
)
from tests.faults.doubles import RefusingOnce, Said
from tests.ssh.link import Loss, LossyLink
from tests.ssh.server import Keys, SshServer, serve

Links = Callable[..., LossyLink]


def test_a_connection_killed_during_the_upload_is_made_again_and_the_snapshot_is_whole(
    laptop: Laptop, sshd: SshServer
) -> None:
    sent = heavy(laptop)
    killed = WhenSeen((laptop.workspace / "snapshots" / ".new").exists, lambda: kill_sessions(sshd))
    outcome = laptop.run("deploy", "--no-build")
    assert killed.done
    assert outcome.code == 0, outcome.err
    assert "sending again" in outcome.err
    (snapshot,) = (p for p in (laptop.workspace / "snapshots").iterdir() if p.is_dir())
    assert (snapshot / "csrc" / "weights.bin").read_bytes() == sent


def test_a_host_that_goes_away_during_the_upload_has_published_nothing(
    laptop: Laptop, lossy_link: Links, sshd: SshServer
) -> None:
    sent, link = heavy(laptop), lossy_link()
    laptop.describe(port=link.port)
    gone = WhenSeen((laptop.workspace / "snapshots" / ".new").exists, link.close)
    outcome = laptop.run("deploy", "--no-build")
    assert gone.done
    assert outcome.code == 3, outcome.err
    assert "refuses connections" in outcome.err
    assert not [p for p in (laptop.workspace / "snapshots").iterdir() if len(p.name) == 64]
    laptop.describe(port=sshd.port)
    assert laptop.run("deploy", "--no-build").code == 0
    (snapshot,) = (p for p in (laptop.workspace / "snapshots").iterdir() if p.is_dir())
    assert (snapshot / "csrc" / "weights.bin").read_bytes() == sent


def heavy(laptop: Laptop) -> bytes:
    """A file whose upload takes long enough to be disturbed."""
    data = os.urandom(40_000_000)
    (laptop.root / "csrc" / "weights.bin").write_bytes(data)
    return data


@pytest.mark.parametrize("verb", ["deploy", "profile"])
def test_a_connection_killed_during_the_build_or_the_bench_resumes_at_the_byte(
    laptop: Laptop, sshd: SshServer, verb: str
) -> None:
    process = laptop.start(verb)
    for line in ("line 10\n", "line 40\n", "line 70\n"):
        laptop.wait_for_log(line)
        assert kill_sessions(sshd)
    outcome = ended(process)
    assert "trying again" in outcome.err
    assert "Traceback" not in outcome.err
    laptop.assert_whole()


def test_a_connection_killed_during_the_pull_goes_on_where_it_stopped(
    laptop: Laptop, sshd: SshServer
) -> None:
    laptop.payload("artifact('big.bin', os.urandom(80_000_000))\n" + FINISH)
    partial = "artifacts/big.bin.partial"

    def half_way() -> bool:
        files = list(laptop.root.glob(f"runs/*/{partial}"))
        return bool(files) and files[0].stat().st_size > 20_000_000

    killed = WhenSeen(half_way, lambda: kill_sessions(sshd))
    outcome = laptop.run("profile")
    assert killed.done
    assert "trying again" in outcome.err
    laptop.assert_whole()


def test_a_black_hole_is_noticed_and_the_job_reattached_within_ten_seconds(
    laptop: Laptop, lossy_link: Links
) -> None:
    link = lossy_link()
    laptop.describe(port=link.port)
    laptop.payload(
        "for n in range(1000): print('line', n, flush=True); time.sleep(0.01)\n" + FINISH
    )
    process = laptop.start("profile")
    laptop.wait_for_log()
    here = laptop.folder() / "log.txt"
    link.blackhole()
    began = time.monotonic()
    time.sleep(0.2)
    known = here.stat().st_size
    time.sleep(6.5)
    link.restore()
    wait_until(lambda: here.stat().st_size > known)
    assert time.monotonic() - began < 10
    outcome = ended(process)
    assert "said nothing for 6 s" in outcome.err
    laptop.assert_whole()


def test_a_slow_line_that_drops_again_and_again_delays_the_run_and_loses_nothing(
    laptop: Laptop, lossy_link: Links
) -> None:
    link = lossy_link(latency_s=0.05)
    laptop.describe(port=link.port)
    laptop.payload("artifact('a.bin', os.urandom(3_000_000))\n" + COUNTS * 3 + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log()
    while process.poll() is None:
        time.sleep(2.2)
        link.cut()
    outcome = ended(process)
    assert "trying again" in outcome.err
    laptop.assert_whole()


def test_a_slow_line_that_loses_packets_delays_the_run_and_loses_nothing(
    laptop: Laptop, sshd: SshServer
) -> None:
    """One packet in fifty, 300 KB/s, 100 ms: pauses of up to seconds, everything behind them."""
    loss = Loss(share=0.02, bytes_per_s=300_000, round_trip_s=0.1)
    with contextlib.closing(LossyLink(sshd.port, latency_s=0.05, loss=loss)) as link:
        laptop.describe(port=link.port)
        laptop.payload("artifact('a.bin', os.urandom(1_000_000))\n" + COUNTS * 2 + FINISH)
        began = time.monotonic()
        outcome = ended(laptop.start("profile"), 90)
        assert outcome.code == 0, outcome.err
        assert time.monotonic() - began > 1_000_000 / loss.bytes_per_s
        assert link.lost_packets > 10
    laptop.assert_whole()


def test_a_port_that_changes_in_mid_job_is_asked_for_anew(
    laptop: Laptop, lossy_link: Links, sshd: SshServer, tmp_path: Path
) -> None:
    before, after = lossy_link(), lossy_link()
    laptop.describe(port=before.port)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    ports = [before.port]

    def locate(host: Host) -> Host:
        return replace(host, port=ports[-1])

    def move() -> None:
        ports.append(after.port)
        before.close()

    log = laptop.folder() / "log.txt"
    moved = WhenSeen(lambda: "line 60\n" in log.read_text(), move)
    host = replace(sshd.host(), workspace=str(laptop.workspace))
    said = Said()
    with connect(host, Trust(tmp_path / "known_hosts"), locate) as transport:
        runs = RunStore(laptop.root / "runs")
        run = bring_home(Errand(transport, runs, said), laptop.folder())
    assert moved.done
    assert run.result is not None
    laptop.assert_whole()


def test_a_pod_that_is_stopped_in_mid_job_is_named_as_stopped_and_the_state_is_unknown(
    laptop: Laptop, keys: Keys, tmp_path: Path
) -> None:
    with serve_pods() as pods, serve(tmp_path / "pod", keys) as server:
        laptop.describe(port=server.port)
        user = server.host().user or ""
        pods.add(pod_json(address="127.0.0.1", port=server.port, user=user))
        client = RunPod(Api(pods.url, ApiKey(KEY), Patience(connect_s=1.0, silence_s=2.0)))
        process = laptop.start("profile")
        laptop.wait_for_log()
        process.kill()

        def stop() -> None:
            pods.add(pod_json(status="EXITED"))
            kill_sessions(server)

        log = laptop.folder() / "log.txt"
        stopped = WhenSeen(lambda: "line 50\n" in log.read_text(), stop)
        host = replace(server.host(), workspace=str(laptop.workspace), pod=pod_json()["id"])
        trust = Trust(tmp_path / "known_hosts")
        with connect(host, trust, lambda host: endpoint(host, client)) as transport:
            runs = RunStore(laptop.root / "runs")
            errand = Errand(transport, runs, Said(), pauses_s=(0.1, 0.2))
            with pytest.raises(HostUnreachable, match=r"stopped.*is unknown, last seen") as caught:
                bring_home(errand, laptop.folder())
    assert stopped.done
    assert "orchestrator attach" in caught.value.hint


def test_a_login_that_is_cut_off_is_tried_again_and_no_refused_key(
    laptop: Laptop, sshd: SshServer, tmp_path: Path
) -> None:
    """A connection reset between key and answer looks to SSH like a refusal."""
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    said = Said()
    host = replace(sshd.host(), workspace=str(laptop.workspace))
    with connect(host, Trust(tmp_path / "known_hosts")) as reached:
        transport = RefusingOnce(reached)
        runs = RunStore(laptop.root / "runs")
        bring_home(Errand(transport, runs, said, pauses_s=(0.1, 0.1, 0.1)), laptop.folder())
    assert transport.times == 2
    assert sum("trying again" in line for line in said.lines) == 2
    laptop.assert_whole()


def test_a_host_key_that_changes_in_mid_job_is_refused_and_the_job_is_safe(
    laptop: Laptop, keys: Keys, tmp_path: Path
) -> None:
    with serve(tmp_path / "before", keys) as server:
        laptop.describe(port=server.port, host_key=server.fingerprint)
        process = laptop.start("profile")
        laptop.wait_for_log()
        kill_sessions(server)
    with serve(tmp_path / "after", keys, host_key=keys.other_host, port=server.port) as other:
        outcome = ended(process)
        assert outcome.code == 3
        assert server.fingerprint in outcome.err
        assert other.fingerprint in outcome.err
        assert "may well go on" in outcome.err
    with serve(tmp_path / "again", keys, port=server.port):
        laptop.run("attach")
    laptop.assert_whole()


def test_a_host_that_is_gone_for_good_ends_in_bounded_time_with_the_state_unknown(
    laptop: Laptop, lossy_link: Links, sshd: SshServer, tmp_path: Path
) -> None:
    link = lossy_link()
    laptop.describe(port=link.port)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    WhenSeen(lambda: "line 30\n" in (laptop.folder() / "log.txt").read_text(), link.close)
    host = replace(sshd.host(), workspace=str(laptop.workspace), port=link.port)
    with connect(host, Trust(tmp_path / "known_hosts")) as transport:
        runs = RunStore(laptop.root / "runs")
        errand = Errand(transport, runs, Said(), pauses_s=(0.1, 0.2, 0.3))
        with pytest.raises(
            HostUnreachable, match=r"state of run .* is unknown, last seen \d+ s ago"
        ):
            bring_home(errand, laptop.folder())
    outcome = laptop.run("attach")
    assert outcome.code == 3
    assert "is unknown, last seen" in outcome.err
    assert "failed" not in outcome.err


def test_a_host_that_comes_back_later_still_has_the_result(
    laptop: Laptop, keys: Keys, tmp_path: Path
) -> None:
    with serve(tmp_path / "before", keys) as server:
        laptop.describe(port=server.port)
        process = laptop.start("profile")
        laptop.wait_for_log()
        process.kill()
    outcome = laptop.run("attach")
    assert outcome.code == 3
    assert "refuses connections" in outcome.err
    assert "is unknown, last seen" in outcome.err
    with serve(tmp_path / "after", keys, port=server.port):
        laptop.run("attach")
    laptop.assert_whole()
