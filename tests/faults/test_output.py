"""Logs and logins that no one would wish for."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

from orchestrator.launch.detached import DetachedLauncher
from orchestrator.transport.local import LocalTransport
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.job_log import JobLog, tail
from tests.conftest import SshdVariant
from tests.faults.conftest import COUNTS, FINISH, REPOSITORY, Laptop, ended, held
from tests.ssh.server import NOISY_LOGIN
from tests.workflows.syncing import local_host

FLOOD_BYTES, TRICKLE_BYTES = 200_000_000, 1_000_000
# What Python with Fabric, Matplotlib and the rest needs before a single byte has come.
MEMORY_LIMIT_BYTES = 400_000_000


def test_a_flood_of_two_hundred_megabytes_of_log_arrives_whole_in_bounded_memory(
    laptop: Laptop,
) -> None:
    laptop.payload(
        f"text = 'line ' + 'x' * 4994 + '\\n'\n"
        f"for n in range({FLOOD_BYTES // 5000}): sys.stdout.write(text)\n"
        "sys.stdout.flush()\n" + FINISH
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
    laptop.assert_whole()
    assert (laptop.folder() / "log.txt").stat().st_size == FLOOD_BYTES
    peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak_kb * 1024 < max(MEMORY_LIMIT_BYTES, before * 1024 + 1)
    for log in (laptop.folder() / "log.txt", laptop.job() / "log.txt"):
        log.unlink()  # pytest keeps what tests leave for days


def test_following_a_flood_takes_no_more_memory_than_following_a_trickle(laptop: Laptop) -> None:
    """The agent as well as the near end: both work on one piece at a time."""
    laptop.payload(f"sys.stdout.write('x' * {TRICKLE_BYTES * 50})\n" + FINISH)
    assert laptop.run("profile").code == 0
    probe = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from orchestrator.launch.detached import DetachedLauncher\n"
        "from orchestrator.values.progress import Silence\n"
        "from orchestrator.transport.local import LocalTransport\n"
        "from orchestrator.workflows.jobs.job_log import JobLog\n"
        "from tests.workflows.syncing import local_host\n"
        "log = JobLog(Path(sys.argv[3]), Silence(), True)\n"
        "peak = lambda who: resource.getrusage(who).ru_maxrss\n"
        "before = peak(resource.RUSAGE_SELF)\n"
        "with LocalTransport(local_host(Path(sys.argv[1]))) as transport:\n"
        "    DetachedLauncher(transport).follow(sys.argv[2], 0, log.take, log.beat)\n"
        "print(peak(resource.RUSAGE_SELF) - before, peak(resource.RUSAGE_CHILDREN))\n"
    )
    here = laptop.root / "again"
    here.mkdir()
    words = [sys.executable, "-c", probe, str(laptop.workspace), laptop.job().name, str(here)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    grown_kb, agent_kb = map(int, done.stdout.split())
    assert (here / "log.txt").stat().st_size == TRICKLE_BYTES * 50
    assert grown_kb < 30_000
    assert agent_kb < 60_000


def test_a_log_without_line_ends_comes_whole_and_its_end_is_shown_short(laptop: Laptop) -> None:
    laptop.payload("sys.stdout.write('x' * 5_000_000); sys.stdout.flush(); os._exit(7)\n")
    outcome = laptop.run("--debug", "profile")
    assert outcome.code == 1
    assert (laptop.folder() / "log.txt").read_bytes() == b"x" * 5_000_000
    assert "status 7" in outcome.err
    assert len(outcome.err) < 20_000


def test_escape_codes_and_invalid_utf8_stay_in_the_log_and_reach_no_terminal(
    laptop: Laptop,
) -> None:
    laptop.payload(
        "evil = b'\\x1b]0;owned\\x07\\x1b[2J\\x9b31m \\xff\\xfe\\x00 \\xc3\\x28 line\\r\\n'\n"
        "os.write(1, evil * 50); os._exit(3)\n"
    )
    outcome = laptop.run("--debug", "profile")
    assert outcome.code == 1
    there = laptop.job() / "log.txt"
    assert (laptop.folder() / "log.txt").read_bytes() == there.read_bytes()
    shown = re.sub(r"\x1b\[\d*m", "", outcome.out + outcome.err)  # our own colours
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)
    report = (laptop.folder() / "report.md").read_text()
    assert "\x1b" not in report


def test_a_forged_progress_line_is_ignored(laptop: Laptop) -> None:
    laptop.payload(
        "from remote_payload.contract.words import PROGRESS_MARK as mark\n"
        "for text in ('', '{', '[1]', '{\"stage\": 7}', 'null', '[' * 100000, '9' * 5000):\n"
        "    print(mark + text)\n" + COUNTS + FINISH
    )
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
    laptop.assert_whole()


def test_a_noisy_login_spoils_nothing(laptop: Laptop, sshd_variant: SshdVariant) -> None:
    server = sshd_variant(*NOISY_LOGIN)
    laptop.describe(port=server.port, host_key=server.fingerprint)
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
    assert "Welcome" not in outcome.out
    laptop.assert_whole()


def test_a_host_without_sftp_is_no_different(laptop: Laptop, sshd_variant: SshdVariant) -> None:
    server = sshd_variant("Subsystem sftp /nonexistent")
    laptop.describe(port=server.port, host_key=server.fingerprint)
    laptop.payload("artifact('a.bin', os.urandom(1_000_000))\n" + FINISH)
    assert laptop.run("profile").code == 0
    laptop.assert_whole()


def test_a_log_is_kept_to_the_byte_when_it_stops_in_the_middle_of_a_letter(
    laptop: Laptop,
) -> None:
    laptop.payload(
        "for byte in 'größer € line\\n'.encode() * 20:\n"
        "    os.write(1, bytes([byte])); time.sleep(0.003)\n" + COUNTS + FINISH
    )
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    ended(process)
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_the_tail_of_a_huge_log_is_read_without_reading_the_log(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("wb") as log:
        log.truncate(1 << 40)
        log.seek(0, 2)
        log.write(b"\nthe last line\n")
    assert tail(tmp_path).endswith("the last line")


def test_the_log_of_a_run_is_followed_by_bytes_not_by_lines(laptop: Laptop, tmp_path: Path) -> None:
    assert laptop.run("profile").code == 0
    log = JobLog(tmp_path, Silence(), show=False)
    log.take((laptop.job() / "log.txt").read_bytes()[:777])
    with LocalTransport(local_host(laptop.workspace)) as transport:
        DetachedLauncher(transport).follow(laptop.job().name, log.offset, log.take, log.beat)
    assert (tmp_path / "log.txt").read_bytes() == (laptop.job() / "log.txt").read_bytes()


def test_artifacts_with_odd_names_keep_neither_result_nor_log_on_the_host(laptop: Laptop) -> None:
    laptop.payload(
        "artifact('résumé.txt', b'x')\nartifact('.hidden', b'x')\nartifact('-rf\\n\\x1b[2J', b'x')\n"
        "print('spoke')\n" + FINISH
    )
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
    assert r"1 file stays in the job's folder at pod" in outcome.err
    assert r"'artifacts/-rf\n\x1b[2J' has a name that cannot be shown" in outcome.err
    here = laptop.folder()
    assert {"result.json", "log.txt", "artifacts/résumé.txt", "artifacts/.hidden"} <= {*held(here)}
    assert (laptop.job() / "artifacts" / "-rf\n\x1b[2J").exists()
