# Folders, and whether jobs can write where they will; a part of `doctor`, whose names it uses.
import errno
import fcntl
import stat
import tempfile

# Where a run writes, each with whether it makes a folder of its own there.
PARTS = (("jobs", True), ("snapshots", True), ("builds", True), ("locks", False))
SYNC = "sync"
# Where the locks of devices lie if somebody says so, and the one that every job takes.
LOCKS, LOCK = "BLACKWELL_SPARSEK_LOCKS", "blackwell-sparsek-machine"
GPU_LOCKS = "blackwell-sparsek-gpu-*"


def place(path):
    """A folder, or the nearest one above that exists."""
    wanted = there = os.path.abspath(os.path.expanduser(path))
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    return dict(
        room(there),
        path=path,
        whole=wanted,
        exists=there == wanted,
        tried=os.path.realpath(there),
        error="" if os.access(there, os.W_OK | os.X_OK) else "EACCES",
    )


def room(folder):
    disk = os.statvfs(folder)
    return {
        "free_bytes": disk.f_bavail * disk.f_frsize,
        "total_bytes": disk.f_blocks * disk.f_frsize,
        "free_inodes": disk.f_favail if disk.f_files else None,
    }


def write_in(folder, own):
    """Write as a run does, in a folder of its own or beside others, and leave nothing."""
    made = tempfile.mkdtemp(prefix=".doctor-", dir=folder) if own else folder
    try:
        with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=made) as probe:
            probe.write(b"x" * 65536)
            probe.flush()
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        if own:
            shutil.rmtree(made, ignore_errors=True)


def refused(folder, own):
    """The errno's name of what a run could not do there; where it would make the folder first, the
    nearest one above that is there has to let it."""
    while not os.path.lexists(folder):
        folder, own = os.path.dirname(folder), True
    try:
        write_in(folder, own)
        lock = os.path.join(folder, SYNC)  # other locks there are of versions before this one
        if not own and os.path.isfile(lock):
            with open(lock, "a"):
                pass
    except OSError as problem:
        # A sync clears away what begins with a dot, ours too: then it could be written.
        if problem.errno == errno.ENOENT and os.path.isdir(folder):
            return ""
        return errno.errorcode.get(problem.errno, str(problem))
    return ""


def workspace():
    """The one place we may write to, so it is tried for real; the files are gone afterwards.

    Where its folders lie on several disks, the one with the least room is told."""
    facts = least = dict(place(sys.argv[2]), error="")
    for name, own in PARTS:
        folder = os.path.join(facts["whole"], name)
        there, part = place(folder)["tried"], name if facts["exists"] else ""
        found = dict(facts, part=part)
        if os.stat(there).st_dev != os.stat(facts["tried"]).st_dev:
            found = dict(found, **room(there), own_disk=True)
        error = refused(folder, own)
        if error:
            return dict(found, error=error)
        if own and "own_disk" in found and scarce(found) < scarce(least):
            least = found
    return least


def scarce(facts):
    """Bytes; doctor wants a gigabyte and a thousand files, so a file counts as a megabyte."""
    files = facts["free_inodes"]
    return min(facts["free_bytes"], float("inf") if files is None else files * 1e6)


def locks():
    """The folder that a variable names for the locks of devices: whether a job can open them there
    (remote_payload/machine/device_lock.py). Nothing is written, as it is not ours."""
    named = os.environ.get(LOCKS)
    if not named:
        return None
    facts = {"path": named, "tried": named, "exists": os.path.isabs(named) and os.path.isdir(named)}
    others = sorted(glob.glob(os.path.join(glob.escape(named), GPU_LOCKS)))
    for name in [LOCK, *map(os.path.basename, others)]:
        try:
            facts["error"], facts["part"] = lock(os.path.join(named, name)), name
        except FileNotFoundError:
            facts["error"], facts["part"] = new_lock(named, facts["exists"]), ""
        except OSError as problem:
            facts["error"], facts["part"] = errno.errorcode.get(problem.errno, str(problem)), ""
        if facts["error"]:
            break
    return facts


def lock(path):
    """Why no job could open the file that is there: the errno's name, or "odd"; or empty."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        return "odd"
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK))
    except OSError as problem:
        return errno.errorcode.get(problem.errno, str(problem))
    return ""


def new_lock(folder, exists):
    """Why no job could make a file there, as far as can be told without."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return "EROFS" if exists and os.statvfs(folder).f_flag & os.ST_RDONLY else "EACCES"
    disk = os.statvfs(folder)
    return "ENOSPC" if disk.f_files and not disk.f_favail else ""
