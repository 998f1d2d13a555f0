"""Rules about the way to a host and the machine without its GPUs."""

from __future__ import annotations

from orchestrator.doctor.finding import Case, Findings, again, fail, ok, on_host, warn
from orchestrator.values.command import Command
from orchestrator.values.host_limits import SHOWN_BY

SLOW_CONNECT_S = 5.0
CLOCK_TOLERANCE_S = 10.0
FEW_FREE_BYTES = 1e9
SOME_FREE_BYTES = 5e9
FEW_INODES = 1000
SOME_MEMORY_BYTES = 4 << 30
SOME_SHM_BYTES = 64 << 20  # what Docker gives where nobody asks for more
LOCKS = "BLACKWELL_SPARSEK_LOCKS"  # as jobs read it (remote_payload/machine/device_lock.py)
MACHINE_LOCK = "blackwell-sparsek-machine"
IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")

# For bash, which reads that file for commands over SSH too.
ONLY_FOR_PEOPLE = "case $- in *i*) ;; *) return ;; esac"
_MORE_SHM = "a container gets its share when it starts (docker's option --shm-size)"
_WRITE_ERRORS = {
    "ENOSPC": "is full",
    "EDQUOT": "is full: your quota is used up",
    "EFBIG": "takes no file of that size",
    "EMFILE": "cannot be opened: too many files are open already",
    "ENFILE": "cannot be opened: the whole machine has too many files open",
    "ENOMEM": "cannot be written to: no memory is left",
    "EROFS": "is read-only",
    "EACCES": "is not yours to write to",
    "EPERM": "is not yours to write to",
    "ENOTDIR": "is no folder",
    "EEXIST": "is no folder",
    "ENOENT": "is a link to nothing",
    "odd": "is no plain file of its own",
}
# Those of the agent's probes whose silence or failure no other rule speaks about.
_PROBES = {
    "files": "/proc",
    "system": "the system's own facts",
    "toolkits": "the search for nvcc",
    "profilers": "the search for ncu",
    "temporary": "the folder for temporary files",
    "shared_memory": "/dev/shm",
    "locks": "the folder for locks of devices",
    "transfer": "the search for tar, rsync and sftp-server",
}


def ssh(case: Case) -> Findings:
    reach = case.reach
    if not reach.route:
        yield ok("ssh", f"not needed: this machine; answered in {reach.answer_s:.2f} s")
        return
    to_pod = " to a RunPod pod" if case.facts.system.runpod else ""
    found = f"{reach.route}{to_pod}; connected in {reach.connect_s:.2f} s"
    if reach.connect_s > SLOW_CONNECT_S:
        yield warn("ssh", found, "in the host's sshd_config, `UseDNS no` helps with slow names")
    else:
        yield ok("ssh", f"{found}, answered in {reach.answer_s:.2f} s")


def login(case: Case) -> Findings:
    if not case.reach.route:
        return
    if case.reach.noise_bytes == 0:
        yield ok("login", "prints nothing before a command")
        return
    yield warn(
        "login",
        f"prints {case.reach.noise_bytes:,} bytes before a command; we skip them, scp cannot",
        f"begin the host's ~/.bashrc with: {ONLY_FOR_PEOPLE}",
    )


def transfer(case: Case) -> Findings:
    tools = case.facts.transfer
    have = [name for name, path in (("tar", tools.tar), ("rsync", tools.rsync)) if path]
    lack = [name for name, path in (("tar", tools.tar), ("rsync", tools.rsync)) if not path]
    also = f"{' and '.join(have) or 'nothing'} found"
    also += f", no {' and no '.join(lack)}" if lack else ""
    if tools.sftp_server or not case.reach.route:
        sftp = f"sftp-server is {tools.sftp_server}; " if tools.sftp_server else ""
        yield ok("transfer", f"{sftp}{also}; we need none of them")
        return
    yield warn(
        "transfer",
        f"no sftp-server, {also}; we need none of them, your own scp does",
        "nothing for us; for scp, the host needs the package openssh-sftp-server",
    )


def clock(case: Case) -> Findings:
    ahead_s = case.reach.clock_ahead_s
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        yield ok("clock", f"agrees with ours within {max(1, round(abs(ahead_s)))} s")
        return
    way = "ahead of" if ahead_s > 0 else "behind"
    yield warn(
        "clock",
        f"{abs(ahead_s):,.0f} s {way} ours",
        "let the host keep its time by NTP; in a container only its machine can set the clock",
    )


def machine(case: Case) -> Findings:
    system = case.facts.system
    words = [system.os, f"in a container ({system.container})" if system.container else ""]
    words.append("root" if system.uid == 0 else "not root")
    yield ok("system", ", ".join(word for word in words if word))
    if system.cpus is not None:
        cpus = f"{system.cpus:g} to use"
        slow = "builds compile one file at a time: rent a pod with more vCPUs"
        yield warn("cpu", cpus, slow) if system.cpus < 2 else ok("cpu", cpus)
    if system.sbatch:
        yield ok("slurm", f"sbatch is {system.sbatch}")


def memory(case: Case) -> Findings:
    total, free = case.facts.system.memory_bytes, case.facts.system.memory_available_bytes
    if total is None:
        return
    # The kernel counts the whole machine, a container's limit is its own.
    usable = total if free is None else min(free, total)
    found = f"{usable / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    if usable < SOME_MEMORY_BYTES:
        yield warn("memory", found, "end other programs: nvcc and torch are at ease from 4 GiB on")
    else:
        yield ok("memory", found)


def shared_memory(case: Case) -> Findings:
    shm = case.facts.shared_memory
    if not shm.tried:
        return
    if not shm.exists:
        if case.reach.route or case.facts.system.container:
            yield warn("shm", "there is no /dev/shm", f"mount one there; {_MORE_SHM}")
        return
    found = f"{shm.total_bytes / 2**20:,.0f} MiB in /dev/shm"
    if shm.total_bytes < SOME_SHM_BYTES or shm.error:
        yield warn("shm", f"{found}, too few to share", f"give it 1 GiB; {_MORE_SHM}")
    else:
        yield ok("shm", found)


def workspace(case: Case) -> Findings:
    place = case.facts.workspace
    elsewhere = f"set `workspace:` {case.setting} to a folder on another disk"
    if not place.tried:
        why = dict(case.facts.faults).get("workspace", "its disk does not answer")
        yield fail("workspace", f"{case.host.workspace}: {why}", elsewhere)
        return
    left = f"{place.free_bytes / 1e9:.1f} GB free"
    name = f"{place.path}{f'/{place.part}' if place.part else ''} ({left})"
    remove, make_room = "", elsewhere
    if case.facts.builds.exists and (place.part == "builds" or not place.own_disk):
        words = Command(("rm", "-r", f"{place.whole or place.path}/builds"))
        remove = f"{on_host(str(words))} (made again when needed)"
        make_room = f"{remove}, or {elsewhere}"
    if place.error in ("ENOSPC", "EDQUOT") or (
        not place.error and place.free_bytes < FEW_FREE_BYTES
    ):
        how = _WRITE_ERRORS.get(place.error, "is nearly full")
        yield fail("workspace", f"{name} {how}", make_room)
    elif place.error:
        how = _WRITE_ERRORS.get(place.error, f"cannot be written to ({place.error})")
        yield fail("workspace", f"{name} {how}", _raised(place.error) or elsewhere)
    elif place.free_inodes is not None and place.free_inodes < FEW_INODES:
        few = f"{name} has room for {place.free_inodes} more files only"
        yield fail("workspace", few, make_room)
    elif case.facts.of_builds.noexec:
        where = case.facts.of_builds.mount
        found = f"{name} cannot load builds: {where} is mounted noexec"
        yield fail("workspace", found, elsewhere)
    elif place.free_bytes < SOME_FREE_BYTES:
        yield warn("workspace", f"{name} is filling up", remove or elsewhere)
    else:
        yield ok("workspace", f"{name}, writable")


def _raised(error: str) -> str:
    """What mends it where the errno of that name tells of a limit, or ""."""
    if error == "ENFILE":
        return "end some of the programs there"
    shown = SHOWN_BY.get(error)
    return f"raise the limit that {on_host(shown)} shows" if shown else ""


def locks(case: Case) -> Findings:
    place = case.facts.locks
    if not place.tried or (place.exists and not place.error):
        return
    how = "is no folder"
    if place.exists:
        how = _WRITE_ERRORS.get(place.error, f"cannot be written to ({place.error})")
    without = f"leave that variable out: in the host's ~/.bashrc, or `env:` {case.setting}"
    if not place.part:
        yield fail(
            "locks",
            f"{LOCKS}={place.path} {how}: no job can begin",
            _raised(place.error) or f"make it a folder of mode 1777, name another, or {without}",
        )
        return
    found = f"{LOCKS}={place.path}: {place.part} {how}"
    mend = f"move it away there, and a job makes it anew, or {without}"
    mend = _raised(place.error) or mend
    if place.part == MACHINE_LOCK:
        yield fail("locks", f"{found}: no job can begin", mend)
    else:
        yield warn("locks", f"{found}: no job can begin on that GPU", mend)


def restart(case: Case) -> Findings:
    place, system = case.facts.workspace, case.facts.system
    if not place.mount or not case.reach.route:
        return
    if place.file_system in IN_MEMORY:
        found = f"the workspace lies in memory ({place.mount}): a restart empties it"
    elif system.container and place.mount == "/":
        found = "the workspace lies in the container's own layer: stopping the pod empties it"
    else:
        yield ok("restart", f"the workspace survives it: {place.mount} ({place.file_system})")
        return
    durable = system.durable_mounts
    best = "/workspace" if "/workspace" in durable else next(iter(durable), "")
    mend = f"set `workspace: {best}/blackwell-sparsek` {case.setting}"
    yield warn("restart", found, mend if best else "attach a volume; results come home anyway")


def temporary(case: Case) -> Findings:
    place = case.facts.temporary
    if not place.tried:
        return
    name = f"{place.path} ({place.free_bytes / 1e9:.1f} GB free)"
    mend = f"free some space there, or set `env: {{TMPDIR: …}}` {case.setting}"
    trouble = _WRITE_ERRORS.get(place.error, "") if place.exists else "is missing"
    trouble = trouble or ("" if place.free_bytes else "is full")
    if trouble:
        yield fail("tmp", f"{name} {trouble}: nvcc cannot work", mend)
    elif place.free_bytes < FEW_FREE_BYTES:
        yield warn("tmp", f"{name} is nearly full", mend)
    else:
        yield ok("tmp", f"{name}, writable")


def unseen(case: Case) -> Findings:
    later = f"{again(case)}; the machine may be overloaded"
    for probe in case.facts.silent:
        if probe in _PROBES:
            yield warn("unseen", f"{_PROBES[probe]} did not answer in time", later)
    for probe, why in case.facts.faults:
        if probe in _PROBES:
            yield warn("unseen", f"{_PROBES[probe]} could not be looked at: {why}", later)


RULES = (
    ssh,
    login,
    transfer,
    clock,
    machine,
    memory,
    shared_memory,
    workspace,
    locks,
    restart,
    temporary,
    unseen,
)
