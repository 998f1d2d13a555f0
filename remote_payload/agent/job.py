# Agent for jobs: submit, follow, cancel, list, asked, inventory, fetch. argv: nonce root.
# Each request is one J frame {"do": verb, ...}; each ends with a J frame, errors as {"error": ...}.
# One that names an owner is about that owner's job alone: another's of the same name is "taken".
# While following, L frames carry log bytes and H frames say that we live.
import collections
import errno
import hashlib
import shutil
import signal
import subprocess
import time

ROOT = os.path.expanduser(sys.argv[2])
LOG_CHUNK, BLOCK_BYTES, SAMPLE_BYTES, ROOM_BYTES = 1 << 18, 1 << 20, 1 << 14, 1 << 20
AHEAD, HEARTBEAT_S, START_LIMIT_S = 8, 2.0, 20.0
# The near end asks at once or not at all; a link may be dead for hours before TCP notices.
IDLE_LIMIT_S = 300
LEFT = ["result.json", "log.txt"]
# A folder without any of these is no job's, whoever made it.
MARKS = ("owner", "spec.json", "request.json", "status.json", "end.json")


def folder(run):
    if not run or run != os.path.basename(run) or run.startswith("."):
        raise ValueError("not a run id: %r" % run)
    return os.path.join(ROOT, "jobs", run)


def whole(digits):
    """The number; ValueError where it is none of ours, and so none that an answer may hold."""
    if len(digits) > 18:
        raise ValueError(digits)
    return int(digits)


def load(run, name):
    """The file as a dict; None where it is missing or damaged: it must not hide other jobs."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text_of(os.path.join(folder(run), name)), parse_int=whole)
        json.dumps(found, allow_nan=False)  # nor may one hold what is no figure
        return found if isinstance(found, dict) else None


def prepare(ask, home):
    """Make the job's folder: whole, or not at all."""
    jobs = os.path.dirname(home)
    os.makedirs(jobs, mode=0o700, exist_ok=True)
    disk = os.statvfs(jobs)
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < ROOM_BYTES:
        raise OSError(errno.ENOSPC, "no space left under " + ROOT)
    for name in os.listdir(jobs):
        writer = name.rpartition("-")[2] if name.startswith(".new-") else ""
        if writer.isdecimal() and len(writer) < 10 and not alive(int(writer), None):
            shutil.rmtree(os.path.join(jobs, name), ignore_errors=True)
    draft = os.path.join(jobs, ".new-%s-%d" % (ask["run"], os.getpid()))
    try:
        os.mkdir(draft, 0o700)
        for name, text in ask["files"].items():
            with open(os.path.join(draft, os.path.basename(name)), "w", encoding="utf-8") as handle:
                handle.write(text)
        os.rename(draft, home)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not os.path.isdir(home):  # else another submit of this run was first
            raise


def owner_of(run):
    return text_of(os.path.join(folder(run), "owner"))[:64]


def submit(ask):
    home = folder(ask["run"])
    wrong = faults(os.path.join(ROOT, "snapshots"), ask["snapshot"])
    if wrong and not load(ask["run"], "status.json"):
        return {"error": "snapshot", "message": "the snapshot is not what was sent: " + wrong}
    if not os.path.isdir(home):
        prepare(ask, home)
    if owner_of(ask["run"]) != ask["files"]["owner"]:
        return {"error": "taken", "message": ask["run"]}
    if load(ask["run"], "status.json") or load(ask["run"], "end.json"):
        return {"ok": True}
    # New, or its agent was killed before this; a second runner would find the folder locked.
    code, quiet = os.path.join(ROOT, "snapshots", ask["snapshot"]), subprocess.DEVNULL
    runner = os.path.join(code, "remote_payload", "runner.py")
    words = [sys.executable, "-IS", runner, home, code, ROOT]
    with open(os.path.join(home, "runner.err"), "ab") as err:
        child = subprocess.Popen(
            words, stdin=quiet, stdout=quiet, stderr=err, start_new_session=True, cwd="/"
        )
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if load(ask["run"], "status.json") or load(ask["run"], "end.json"):
            return {"ok": True}
        if child.poll():
            break
        time.sleep(0.01)
    # One that has not yet said that it lives has started nothing, and now it never will.
    child.kill()
    child.wait()
    if load(ask["run"], "status.json") or load(ask["run"], "end.json"):
        return {"ok": True}
    return {"error": "start", "message": last_words(ask["run"]) or "its runner said nothing"}


def beat(run):
    status = load(run, "status.json") or {}
    return {"state": status.get("state"), "waiting_for": status.get("waiting_for")}


def follow(ask):
    run, offset, log, pause = ask["run"], ask["offset"], None, 0.01
    path = os.path.join(folder(run), "log.txt")
    began = spoke = time.monotonic()
    while os.path.isdir(folder(run)):
        # The verdict comes BEFORE the log, so that no byte written before the end is missed.
        ended = final(run)
        if ended and ended["why"] == "never-started" and time.monotonic() - began < START_LIMIT_S:
            ended = None  # it may be starting at this moment
        moved = False
        if log is None and os.path.isfile(path):
            log = os.open(path, os.O_RDONLY)
        while log is not None:
            data = os.pread(log, LOG_CHUNK, offset)
            if not data:
                break
            send(b"L", data)
            offset, moved, spoke = offset + len(data), True, time.monotonic()
        if ended:
            return {"ok": True, "end": ended, "offset": offset}
        if time.monotonic() - spoke >= HEARTBEAT_S:
            send(b"H", json.dumps(beat(run)).encode())
            spoke = time.monotonic()
        time.sleep(pause := 0.01 if moved else min(pause * 1.5, 0.25))
    return gone(ask)


def listing(ask):
    jobs = os.path.join(ROOT, "jobs")
    names = os.listdir(jobs) if os.path.isdir(jobs) else []
    names = [name for name in names if name[0] != "."]
    # A link beside the job that it leads to would be that job once more; a folder outdoes it.
    names.sort(key=lambda name: not os.path.islink(os.path.join(jobs, name)))
    once = {os.path.realpath(os.path.join(jobs, name)): name for name in names}
    ours = [
        name
        for name in sorted(once.values())
        if any(os.path.exists(os.path.join(jobs, name, n)) for n in MARKS)
    ]
    told = [dict(beat(name), run=name, end=verdict(name), owner=owner_of(name)) for name in ours]
    for job in told:
        if not job["end"] and copied(job["run"]):
            job["state"] = "copied"
    return {"jobs": told, "others": sorted({*names} - {*ours})}


def asked(ask):
    """What the job was asked to do, for those whose run folder bears no mark."""
    return {"ok": True, "request": text_of(os.path.join(folder(ask["run"]), "request.json"))}


def inventory(ask):
    """What the job left that may be fetched."""
    home, found, left = folder(ask["run"]), [], []
    files = LEFT + ask.get("also", [])

    def closed(problem):
        left.append([os.path.relpath(problem.filename, home), "unreadable"])

    for base, folders, names in os.walk(home, onerror=closed):
        for name in names + folders:
            path = os.path.join(base, name)
            inside = os.path.relpath(path, home)
            is_folder = os.path.isdir(path) and not os.path.islink(path)
            if inside == "artifacts" and not is_folder:
                left.append([inside, "folder"])
            elif inside not in files and (is_folder or not inside.startswith("artifacts" + os.sep)):
                continue
            elif os.path.islink(path) or not os.path.isfile(path):
                left.append([inside, "kind"])
            elif not os.access(path, os.R_OK):
                left.append([inside, "unreadable"])
            else:
                found.append({"path": inside, "size": os.path.getsize(path)})
    found.sort(key=lambda entry: entry["path"])
    return {"ok": True, "files": found, "left": sorted(left)}


def shrunk(block):
    """The block compressed, or None where that saves little; a sample of it tells cheaply."""
    sample = block[len(block) // 2 :][:SAMPLE_BYTES]
    if len(zlib.compress(sample, 1)) > 0.9 * len(sample):
        return None
    return zlib.compress(block, 1)


def blocks(handle, size, pool):
    """Yield each block up to size, its compression under way: AHEAD of them while one is sent."""
    under_way = collections.deque()
    for block in iter(lambda: handle.read(min(BLOCK_BYTES, size - handle.tell())), b""):
        under_way.append((block, pool.submit(shrunk, block)))
        if len(under_way) > AHEAD:
            yield under_way.popleft()
    yield from under_way


def send_file(path, offset, size, pool):
    """B frames (raw) and Z frames (compressed) of a file from offset to size; returns its digest.

    A block that is not compressed by the time the line wants it goes raw: so a fast line never
    waits for the compressor, and on a slow line nearly all blocks are small.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while handle.tell() < offset:
            start = handle.read(min(BLOCK_BYTES, offset - handle.tell()))
            if not start:
                break
            digest.update(start)
            send(b"B")  # a sign of life
        for block, packed in blocks(handle, size, pool):
            digest.update(block)
            body = None if packed.cancel() or not packed.done() else packed.result()
            send(b"Z" if body else b"B", body or block)
        if handle.tell() < size:
            raise OSError("%r is shorter than it was" % path)
    return digest.hexdigest()


def fetch(ask):
    """The frames of each file, and after them a J frame with its digest, or why it is left."""
    import concurrent.futures  # all other verbs start sooner without

    home = folder(ask["run"])
    with concurrent.futures.ThreadPoolExecutor(max(1, min(4, (os.cpu_count() or 1) // 2))) as pool:
        for file in ask["files"]:
            path, told = os.path.join(home, file["path"]), {"left": "unreadable"}
            outside = os.path.realpath(path) != os.path.join(os.path.realpath(home), file["path"])
            try:
                if outside or not stat.S_ISREG(os.stat(path).st_mode):
                    told = {"left": "kind"}
                else:
                    told = {"sha256": send_file(path, file["offset"], file["size"], pool)}
            except BrokenPipeError:
                raise
            except OSError:  # it costs itself alone
                pass
            send_json(told)
    return {"ok": True}


VERBS = {do.__name__: do for do in (submit, follow, cancel, asked, inventory, fetch)}
VERBS["list"] = listing


def answer(ask):
    if ask["do"] not in ("submit", "list"):
        if not os.path.isdir(folder(ask["run"])):
            return gone(ask)
        # One that bears no mark is of before there were any: no run with a mark asked for it.
        if ask.get("owner") and owner_of(ask["run"]) != ask["owner"]:
            return {"error": "taken", "message": ask["run"]}
    return VERBS[ask["do"]](ask)


hello(sys.argv[1])
while True:
    try:
        signal.alarm(IDLE_LIMIT_S)
        request = receive_json()
        signal.alarm(0)
    except (EOFError, struct.error):
        break
    try:
        send_json(answer(request))
    except BrokenPipeError:
        break
    except Exception as exc:  # whatever it is, the near end must hear of it
        code = {28: "no-space", 30: "read-only", 13: "denied"}.get(getattr(exc, "errno", None))
        send_json({"error": code or type(exc).__name__, "message": str(exc)})
