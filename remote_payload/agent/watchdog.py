# Agent that stops the pod it runs on, unless it is told not to. argv: nonce root.
# One J frame {"do": "arm" | "renew" | "cancel", "name": ..., ...}, one J frame back.
# `arm` leaves a detached process behind, which keeps to the state file watchdogs/<name>.json:
# a removed file is a cancelled watchdog. The key of the API is never written and never printed.
import contextlib
import ipaddress
import re
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

FOLDER = os.path.join(os.path.expanduser(sys.argv[2]), "watchdogs")
URL = "https://api.runpod.io/v2"
LOOK_EVERY_S = 0.5
TRY_EVERY_S = 30.0
TRIES = 60
ANSWER_S = 20.0
HANDOVER_S = 5.0


def state_path(name):
    if not re.match(r"[A-Za-z0-9][A-Za-z0-9-]{0,60}$", name):
        raise ValueError("not a name of a watchdog: %r" % name)
    return os.path.join(FOLDER, name + ".json")


def load(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except FileNotFoundError:
        return None


def store(path, state):
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as handle:
        json.dump(state, handle)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, path)


def amend(path, state):
    # In place and never anew: a file that was removed meanwhile stays removed.
    text = json.dumps(state).encode()
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_WRONLY)
        try:
            os.pwrite(handle, text, 0)
            os.ftruncate(handle, len(text))
        finally:
            os.close(handle)


def start_ticks(pid):
    try:
        with open("/proc/%d/stat" % pid) as handle:
            text = handle.read()
    except OSError:
        return None
    facts = text[text.rindex(")") + 2 :].split()
    # A zombie is dead: containers often have nobody who buries it.
    return None if facts[0] == "Z" else int(facts[19])


def alive(state):
    try:
        os.kill(state["pid"], 0)
    except (ProcessLookupError, KeyError):
        return False
    except PermissionError:
        pass
    return start_ticks(state["pid"]) == state["ticks"]


def environment(ask):
    # A shell that is not interactive lacks what the pod's start script exports for others.
    found = dict(os.environ)
    with contextlib.suppress(OSError):
        with open(ask["exports"], encoding="utf-8", errors="replace") as handle:
            for name, value in re.findall(
                r"^\s*(?:export\s+)?([A-Za-z_]\w*)=[\"']?([^\"'\n]*)", handle.read(), re.M
            ):
                found.setdefault(name, value)
    found.update(ask["env"])
    return found


def is_safe(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        return True
    with contextlib.suppress(ValueError):
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    return False


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *details):
        return None


def by_api(env, pod):
    url = env.get("RUNPOD_API_URL") or URL
    key = env.get("RUNPOD_API_KEY", "").strip()
    if not key or not is_safe(url):
        return "no key"
    request = urllib.request.Request(
        "%s/pods/%s/action" % (url.rstrip("/"), urllib.parse.quote(pod, safe="")),
        data=b'{"action": "stop"}',
        method="POST",
        headers={
            "Authorization": "Bearer " + key,
            "Content-Type": "application/json",
            "User-Agent": "blackwell-sparsek-watchdog",
        },
    )
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=ANSWER_S) as reply:
            return "stopped" if reply.status == 200 else "HTTP %d" % reply.status
    except urllib.error.HTTPError as exc:
        return "HTTP %d" % exc.code
    except (OSError, ValueError) as exc:
        return type(exc).__name__


def by_tool(env, pod):
    program = shutil.which("runpodctl", path=env.get("PATH"))
    if program is None:
        return "no runpodctl"
    said = ""
    for words in (("pod", "stop", pod), ("stop", "pod", pod)):
        try:
            done = subprocess.run(
                [program, *words],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=ANSWER_S,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            said = type(exc).__name__
            continue
        if done.returncode == 0:
            return "stopped"
        said = "runpodctl exit %d" % done.returncode
    return said


def ways(env):
    found = []
    if env.get("RUNPOD_API_KEY", "").strip() and is_safe(env.get("RUNPOD_API_URL") or URL):
        found.append("api")
    if shutil.which("runpodctl", path=env.get("PATH")):
        found.append("runpodctl")
    return found


def stop(env, pod):
    said = []
    for way in (by_tool, by_api):
        said.append(way(env, pod))
        if said[-1] == "stopped":
            break
    return said


def wait(path, seconds):
    # False: cancelled. The clock of the wall may jump by a year; this one cannot.
    until, turn = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        state = load(path)
        if state is None:
            return False
        if state["turn"] != turn:
            turn, until = state["turn"], time.monotonic() + state["left_s"]
        time.sleep(max(0.0, min(LOOK_EVERY_S, until - time.monotonic())))
    return load(path) is not None


def watch(path, env, pod):
    seconds = load(path)["left_s"]
    for _ in range(TRIES):
        if not wait(path, seconds):
            return
        said = stop(env, pod)
        state = load(path)
        if state is None:
            return
        state.update(fired_at=time.time(), said=said, turn=0)
        amend(path, state)
        # A pod that is stopped ends us here; whatever goes on is asked again.
        seconds = TRY_EVERY_S


def detach(path, env, pod):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.close(reading)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2, _sink.fileno()):
                os.dup2(nowhere, stream)
            os.chdir("/")
            state = load(path)
            state.update(pid=os.getpid(), ticks=start_ticks(os.getpid()))
            store(path, state)
            os.write(writing, b".")
            os.close(writing)
            try:
                watch(path, env, pod)
            finally:
                os._exit(0)
        os._exit(0)
    os.close(writing)
    os.wait()
    told = os.read(reading, 1)
    os.close(reading)
    return told == b"."


def forget_the_dead():
    # The workspace outlives a stop of the pod, its watchdogs do not.
    for entry in os.listdir(FOLDER):
        path = os.path.join(FOLDER, entry)
        with contextlib.suppress(OSError, ValueError):
            if "pid" in (load(path) or {}) and not alive(load(path)):
                os.unlink(path)


def arm(ask):
    env, path = environment(ask), state_path(ask["name"])
    found = ways(env)
    if not found:
        return {"error": "no-way"}
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    forget_the_dead()
    state = {"pod": ask["pod"], "left_s": ask["seconds"], "turn": 1, "armed_at": time.time()}
    store(path, state)
    if not detach(path, env, ask["pod"]):
        os.unlink(path)
        return {"error": "start"}
    return {"ok": True, "ways": found}


def renew(ask):
    state = load(state_path(ask["name"]))
    if state is None or not alive(state):
        return {"error": "gone"}
    state.update(left_s=ask["seconds"], turn=secrets.randbelow(1 << 40) + 2)
    store(state_path(ask["name"]), state)
    return {"ok": True}


def cancel(ask):
    path = state_path(ask["name"])
    state = load(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    until = time.monotonic() + HANDOVER_S
    while state and alive(state) and time.monotonic() < until:
        time.sleep(0.05)
    return {"ok": True, "ended": not (state and alive(state))}


hello(sys.argv[1])
while True:
    try:
        request = receive_json()
    except (EOFError, struct.error):
        break
    try:
        send_json({"arm": arm, "renew": renew, "cancel": cancel}[request["do"]](request))
    except BrokenPipeError:
        break
    except Exception as exc:  # its text could repeat the environment, so only its kind is told
        send_json({"error": type(exc).__name__})
