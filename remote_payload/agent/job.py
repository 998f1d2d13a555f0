# Agent for jobs: submit, follow, cancel, list, fetch. argv: nonce root.
# Each request is one J frame {"do": verb, ...}; each ends with a J frame, errors as {"error": ...}.
# While following, L frames carry log bytes and H frames say that we live.
import hashlib
import signal
import subprocess
import time

ROOT = os.path.expanduser(sys.argv[2])
LOG_CHUNK = 1 << 18
HEARTBEAT_S = 2.0


def folder(run):
    if not run or run != os.path.basename(run) or run.startswith("."):
        raise ValueError("not a run id: %r" % run)
    return os.path.join(ROOT, "jobs", run)


def load(run, name):
    try:
        with open(os.path.join(folder(run), name), encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return None


def start_ticks(pid):
    try:
        with open("/proc/%d/stat" % pid) as handle:
            text = handle.read()
        return int(text[text.rindex(")") + 2 :].split()[19])
    except (OSError, ValueError):
        return None


def boot_mark():
    # A container restart keeps the boot id but not the start of process 1, so both count.
    try:
        with open("/proc/sys/kernel/random/boot_id") as handle:
            return "%s/%s" % (handle.read().strip(), start_ticks(1))
    except OSError:
        return ""


def alive(pid, ticks):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return ticks is None or start_ticks(pid) == ticks


def verdict(run):
    """None while the job goes on; else how it ended."""
    end = load(run, "end.json")
    if end:
        return end
    status = load(run, "status.json")
    if not status:
        return {"why": "never-started", "exit_status": None}
    if status["boot"] != boot_mark():
        return {"why": "host-restarted", "exit_status": None}
    if alive(status["runner_pid"], status["runner_ticks"]):
        return None
    # It may have ended between the two looks.
    return load(run, "end.json") or {"why": "runner-killed", "exit_status": None}


def submit(ask):
    home = folder(ask["run"])
    os.makedirs(os.path.dirname(home), mode=0o700, exist_ok=True)
    try:
        os.mkdir(home, 0o700)
    except FileExistsError:
        return {"ok": True, "existed": True}
    for name, text in ask["files"].items():
        with open(os.path.join(home, os.path.basename(name)), "w", encoding="utf-8") as handle:
            handle.write(text)
    code = os.path.join(ROOT, "snapshots", ask["snapshot"])
    runner = os.path.join(code, "remote_payload", "runner.py")
    with open(os.path.join(home, "runner.err"), "wb") as err:
        child = subprocess.Popen(
            [sys.executable, "-IS", runner, home, code, ROOT],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.time() + 20
    while time.time() < deadline:
        if load(ask["run"], "status.json") or load(ask["run"], "end.json"):
            return {"ok": True, "existed": False}
        if child.poll() is not None:
            break
        time.sleep(0.01)
    with open(os.path.join(home, "runner.err"), encoding="utf-8", errors="replace") as err:
        return {"error": "start", "message": err.read()[-2000:]}


def follow(ask):
    run, offset = ask["run"], ask["offset"]
    path = os.path.join(folder(run), "log.txt")
    if not os.path.isdir(folder(run)):
        return {"error": "no-job", "message": run}
    log, pause, spoke = None, 0.01, time.time()
    while True:
        # The verdict comes BEFORE the log, so that no byte written before the end is missed.
        ended = verdict(run)
        moved = False
        if log is None and os.path.exists(path):
            log = os.open(path, os.O_RDONLY)
        while log is not None:
            data = os.pread(log, LOG_CHUNK, offset)
            if not data:
                break
            send(b"L", data)
            offset, moved, spoke = offset + len(data), True, time.time()
        if ended:
            return {"ok": True, "end": ended, "offset": offset}
        if time.time() - spoke >= HEARTBEAT_S:
            status = load(run, "status.json") or {}
            beat = {"state": status.get("state"), "waiting_for": status.get("waiting_for")}
            send(b"H", json.dumps(beat).encode())
            spoke = time.time()
        pause = 0.01 if moved else min(pause * 1.5, 0.25)
        time.sleep(pause)


def cancel(ask):
    status = load(ask["run"], "status.json")
    if verdict(ask["run"]):
        return {"ok": True, "end": verdict(ask["run"])}
    os.kill(status["runner_pid"], signal.SIGTERM)
    deadline = time.time() + 30
    while time.time() < deadline:
        ended = verdict(ask["run"])
        if ended:
            return {"ok": True, "end": ended}
        time.sleep(0.05)
    return {"error": "busy", "message": "the job did not end within 30 s of SIGTERM and SIGKILL"}


def listing(ask):
    jobs = os.path.join(ROOT, "jobs")
    names = sorted(os.listdir(jobs)) if os.path.isdir(jobs) else []
    return {"ok": True, "jobs": [{"run": n, "end": verdict(n)} for n in names if n[0] != "."]}


def digest_of(path):
    total = hashlib.sha256()
    with open(path, "rb") as handle:
        for block in iter(lambda: handle.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def inventory(ask):
    home, found = folder(ask["run"]), []
    for base, _dirs, names in os.walk(home):
        for name in names:
            path = os.path.join(base, name)
            inside = os.path.relpath(path, home)
            wanted = inside in ("result.json", "log.txt") or inside.startswith("artifacts" + os.sep)
            if wanted and os.path.isfile(path) and not os.path.islink(path):
                size = os.path.getsize(path)
                found.append({"path": inside, "size": size, "sha256": digest_of(path)})
    return {"ok": True, "files": sorted(found, key=lambda entry: entry["path"])}


def fetch(ask):
    """B frames of zlib-compressed pieces of one file from `offset` on, then the J answer."""
    path = os.path.join(folder(ask["run"]), ask["path"])
    if os.path.realpath(path) != os.path.join(os.path.realpath(folder(ask["run"])), ask["path"]):
        raise ValueError("outside the job: %r" % ask["path"])
    with open(path, "rb") as handle:
        handle.seek(ask["offset"])
        for block in iter(lambda: handle.read(1 << 18), b""):
            send(b"B", zlib.compress(block, 1))
    return {"ok": True}


VERBS = {
    "submit": submit,
    "follow": follow,
    "cancel": cancel,
    "list": listing,
    "inventory": inventory,
    "fetch": fetch,
}
hello(sys.argv[1])
while True:
    try:
        request = receive_json()
    except (EOFError, struct.error):
        break
    try:
        send_json(VERBS[request["do"]](request))
    except BrokenPipeError:
        break
    except Exception as exc:  # whatever it is, the near end must hear of it
        code = {28: "no-space", 30: "read-only", 13: "denied"}.get(getattr(exc, "errno", None))
        send_json({"error": code or type(exc).__name__, "message": str(exc)})
