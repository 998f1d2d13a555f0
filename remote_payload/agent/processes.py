# Part of the agent for jobs: which processes of a job live, and how it ended.
# A job's folder may be gone while its processes go on; they are known without it.
import contextlib
import errno
import glob
import re
import signal
import time

SWEEP_S = 2.0


def text_of(path):
    with contextlib.suppress(OSError):
        if os.path.isfile(path):  # a FIFO in its place would be waited for without end
            with open(path, encoding="utf-8", errors="replace") as handle:
                return handle.read()
    return ""


def start_ticks(pid):
    fields = text_of("/proc/%d/stat" % pid).rpartition(") ")[2].split()
    # In a container whose process 1 does not collect the dead they stay listed for ever.
    return int(fields[19]) if fields and fields[0] not in "ZX" else None


def boot_mark():
    # A container restart keeps the boot id but not the start of process 1, so both count.
    boot = text_of("/proc/sys/kernel/random/boot_id").strip()
    return "%s/%s" % (boot, start_ticks(1)) if boot else ""


def alive(pid, ticks):
    try:
        os.kill(pid, 0)
    except OSError as exc:
        if exc.errno == errno.ESRCH:
            return False
    return ticks is None or start_ticks(pid) == ticks


def noted(run):
    """What the runner wrote of itself; None where that is missing, or makes no sense: to kill a
    process 0, or one below, would be to kill whole groups of others."""
    status = load(run, "status.json") or {}
    pid, keys = status.get("runner_pid"), {"boot", "runner_ticks"}
    return status if type(pid) is int and 0 < pid < 1 << 31 and keys <= status.keys() else None


def home_of(run):
    """The path that the job was given, wherever its folder is by now."""
    return str((noted(run) or {}).get("home") or os.path.realpath(folder(run)))


def original(run):
    """Whether this folder is the job's own: False for a copy of another, which is still there, as
    in that the runner works, or has worked. One that was moved is what it was; else None."""
    status = noted(run) or {}
    for place in ("/proc/%s/cwd" % status.get("runner_pid"), home_of(run)):
        with contextlib.suppress(OSError, ValueError):
            there = os.stat(place)
            own = os.path.samestat(there, os.stat(folder(run)))
            if own or (there.st_nlink and [there.st_dev, there.st_ino] == status.get("inode")):
                return own
    with contextlib.suppress(OSError):
        here = os.stat(folder(run))
        if [here.st_dev, here.st_ino] == status.get("inode"):
            return True
    return None


def stray(run):
    """Whether this is a copy of a folder that is nowhere to be seen, and of a job that nothing here
    is at work on: it may have ended in any way, and whole, wherever its folder is by now."""
    status = noted(run) or {}
    if original(run) is not None or "inode" not in status or status["boot"] != boot_mark():
        return False
    return not alive(status["runner_pid"], status["runner_ticks"])


def copied(run):
    """Whether how the job is cannot be told by this folder of it."""
    return original(run) is False or stray(run)


def recorded(run):
    """How the job ended, by its record; None where that is missing, or damaged."""
    end = load(run, "end.json")
    return end if end and "why" in end else None


def verdict(run, copied=copied):
    """None while the job goes on, or does so elsewhere; else how it ended. A record of the end that
    tells nothing tells that there was one: nobody then says that the job was lost."""
    if end := recorded(run):
        return end
    began = os.path.lexists(os.path.join(folder(run), "status.json"))
    status = noted(run)
    if copied(run):
        return None
    same_boot = not status or status["boot"] == boot_mark()
    if same_boot and (
        alive(status["runner_pid"], status["runner_ticks"]) if status else supervisors(run)
    ):
        return None
    if os.path.lexists(os.path.join(folder(run), "end.json")):
        # It may have ended between the two looks.
        return recorded(run) or {"why": "damaged", "exit_status": None}
    if not same_boot:
        return {"why": "host-restarted", "exit_status": None}
    if not began:
        return {"why": "never-started", "exit_status": None}
    return {"why": "runner-killed", "exit_status": None, "message": last_words(run)}


def last_words(run):
    return text_of(os.path.join(folder(run), "runner.err"))[-2000:].strip()


def can_look():
    return os.path.isdir("/proc/self")


def processes_of(run, name, paths):
    """Those of which `paths` tells one that leads to the run's folder, however it is spelled.
    paths: from the pid and the words of /proc/pid/name."""
    wanted, found = {folder(run), home_of(run), os.path.realpath(folder(run))}, []
    for pid in filter(str.isdigit, os.listdir("/proc") if can_look() else ()):
        told = paths(pid, text_of("/proc/%s/%s" % (pid, name)).split("\0"))
        if any(path in wanted or os.path.realpath(path) in wanted for path in told):
            found.append(int(pid))
    return found


def marked(run):
    """Its processes that carry the mark, also one that left its process group."""
    mark = "BLACKWELL_SPARSEK_JOB="
    return processes_of(
        run,
        "environ",
        lambda _, words: [word[len(mark) :] for word in words if word.startswith(mark)],
    )


def at_work(pid, words):
    """The folder of a runner; none for any other process."""
    if not any(word.endswith(os.path.join("remote_payload", "runner.py")) for word in words):
        return []
    with contextlib.suppress(OSError):
        place = os.readlink("/proc/%s/cwd" % pid)
        if place != "/":
            return [place.removesuffix(" (deleted)")]
    return words  # of before runners went into their folders, or about to go there


def supervisors(run):
    """Its live runner, known by where it works: this outlives the job's folder."""
    return processes_of(run, "cmdline", at_work)


def holding(run):
    """What holds the lock that the runner took for the job, whatever else it gave up. The kernel
    tells the lock's taker, proc_pid_fdinfo(5), as 0 where that is dead and we are in a container;
    its file tells the run, unless the disk was full."""
    taker = (noted(run) or {}).get("runner_pid")
    taken, found = re.compile(r"FLOCK +ADVISORY +WRITE +(%s|0) " % taker), set()
    for held in glob.glob("/proc/[0-9]*/fd/*") if taker else ():
        with contextlib.suppress(OSError):
            name, told = os.path.basename(os.readlink(held)), held.replace("/fd/", "/fdinfo/")
            by = name.startswith("blackwell-sparsek-") and taken.search(text_of(told))
            # A lock that says neither whose it is nor who took it may be another job's.
            if by and text_of(held).strip() in ((run,) if by[1] == "0" else ("", run)):
                found.add(int(held.split("/")[2]))
    return found - {taker}


def started(run):
    """Every live process that the job started, as far as anything tells."""
    return sorted(holding(run).union(marked(run)))


def signalled(pids, number):
    """How many of them took the signal."""
    took = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)
            took += 1
    return took


def sweep(run, living=started):
    """A job whose supervisor was killed must not hold the device: end what is left of it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + SWEEP_S
        while time.monotonic() < deadline:
            left = living(run)
            if not left:
                return
            signalled(left, number)
            # What was stopped hears nothing before it goes on.
            signalled(left, signal.SIGCONT)
            time.sleep(0.1)


# How the job is cannot be told by this folder of it. No docstrings: those do not travel.
class Copied(Exception):
    pass


class Damaged(Exception):
    pass


def final(run, copied=copied):
    """The verdict; a job that lost its supervisor is really over after it."""
    ended = verdict(run, copied)
    if not ended and copied(run):
        text = "the folder of run %r is a copy of %s, made while it ran" % (run, home_of(run))
        gone = ", which is gone: how it ended nobody here can tell; cancel gives it up"
        raise Copied(text + (gone if stray(run) else ""))
    if ended and ended["why"] in ("runner-killed", "damaged"):
        sweep(run)
    if ended and ended["why"] == "damaged":
        raise Damaged("how run %r ended cannot be told: its record there is damaged" % run)
    return ended
