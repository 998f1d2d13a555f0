# Evidence about this machine, as found; it is read and judged at the near end. Sends one J frame.
# argv: nonce, workspace; then "env" if a J frame with the environment of jobs follows our hello.
# Every probe is a thread of its own: one that hangs (a dead GPU, a dead network disk) is named
# under "silent" and left behind, and the programs it started are ended. What is not there is
# left out.
import contextlib
import platform
import shutil
import signal
import subprocess
import threading
import time
from subprocess import DEVNULL, PIPE, STDOUT

TOOL_LIMIT_S = 2.0
TOTAL_LIMIT_S = 2.4
STARTED = time.monotonic()
DEADLINE = STARTED + TOTAL_LIMIT_S
MOST_PYTHONS, MOST_TOOLS, SHOWN = 12, 4, 300
HOME = os.path.expanduser("~")
FILES = (
    "/proc/self/status",
    "/proc/self/mountinfo",
    "/proc/meminfo",
    "/proc/1/cgroup",
    "/proc/driver/nvidia/params",
    "/proc/driver/nvidia/version",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
# Looked for, never read: the last one holds a pod's keys.
MARKS = ("/.dockerenv", "/run/.containerenv", "/etc/rp_environment")
PYTHONS = (
    os.path.expanduser(sys.argv[2]) + "/venv/bin/python",
    "/opt/conda/bin/python",
    "/opt/*/bin/python",
    "/venv/bin/python",
    "/workspace/*/bin/python",
    "/workspace/*/.venv/bin/python",
    HOME + "/.venv/bin/python",
    HOME + "/*/bin/python",
    "/opt/*conda*/envs/*/bin/python",
    HOME + "/*conda*/envs/*/bin/python",
    HOME + "/mi*forge*/envs/*/bin/python",
)
# Importing torch takes seconds, so its files are read instead.
LOOK_FOR_TORCH = """
import json, os, platform, re, sys, sysconfig
facts = {"version": platform.python_version(), "torch": "", "torch_cuda": ""}
try:
    from importlib import util as look
    mark = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    facts["managed"] = sys.prefix == sys.base_prefix and os.path.exists(mark)
    writable = os.access(sysconfig.get_path("purelib"), os.W_OK)
    facts["pip"] = bool(look.find_spec("pip")) and writable
    facts["venv"] = bool(look.find_spec("venv") and look.find_spec("ensurepip"))
    from importlib import metadata, util
    spec = util.find_spec("torch")
    if spec and spec.origin:
        with open(os.path.join(os.path.dirname(spec.origin), "version.py")) as source:
            text = source.read()
        for key, name in (("torch", "__version__"), ("torch_cuda", "cuda")):
            found = re.search("(?m)^" + name + r"(?:\\s*:[^=]*)?\\s*=\\s*['\\"]([^'\\"]+)", text)
            facts[key] = found.group(1) if found else ""
        facts["torch"] = facts["torch"] or metadata.version("torch")
except Exception:
    pass
print("@@" + json.dumps(facts))
"""
children, over = [], threading.Event()


def end_children():
    over.set()
    for child in list(children):
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)


class Task(threading.Thread):
    """A call that nobody has to wait for: ended says whether it came back, fault how it failed."""

    def __init__(self, call, *words):
        super().__init__(daemon=True)
        self.call, self.words, self.value, self.fault, self.ended = call, words, None, "", False
        self.start()

    def run(self):
        try:
            self.value = self.call(*self.words)
        except TimeoutError:
            return
        except Exception as problem:
            self.fault = ("%s: %s" % (type(problem).__name__, problem))[:SHOWN]
        self.ended = True

    def wait(self, until=DEADLINE):
        self.join(max(0.0, until - time.monotonic()))
        return self.value


def each(call, items):
    """What call says of each item, all at once; those that fail or hang are left out."""
    answers = [task.wait(DEADLINE - 0.2) for task in [Task(call, item) for item in items]]
    return [answer for answer in answers if answer]


def said(*argv):
    """(exit status, output) of a program; TimeoutError if it does not end."""
    if over.is_set():
        raise TimeoutError
    child = subprocess.Popen(
        argv, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True, cwd="/"
    )
    children.append(child)
    try:
        output, _ = child.communicate(timeout=TOOL_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    children.remove(child)
    return child.returncode, output.decode("utf-8", "replace")[: 1 << 20]


def contents():
    found = []
    for path in FILES:
        with contextlib.suppress(OSError), open(path, errors="replace") as handle:
            found.append([path, handle.read(1 << 17)])
    return found


def system():
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:
        cpus = os.cpu_count() or 1
    return {
        "os": platform.platform(),
        "machine": platform.machine(),
        "uid": os.geteuid(),
        "cpus": cpus,
        "physical_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "container": os.environ.get("container", ""),
        "marks": [path for path in MARKS if os.path.exists(path)],
        "gpu_nodes": len(glob.glob("/dev/nvidia[0-9]*")),
        "compat": "".join(glob.glob("/usr/local/cuda/compat/libcuda.so.1")),
        "sbatch": shutil.which("sbatch") or "",
    }


def python_at(path):
    status, output = said(path, "-c", LOOK_FOR_TORCH)
    if status == 0 and "@@" in output:
        return dict(json.loads(output[output.rindex("@@") + 2 :]), path=path)
    return None


def pythons():
    """Our own interpreter first; others only where it has no torch."""
    own = python_at(sys.executable)
    if own is None:
        raise ValueError("%s does not run a program" % sys.executable)
    if own["torch"]:
        return [own]
    names = ["python", "python3", *["python3.%d" % minor for minor in range(15, 8, -1)]]
    paths = [shutil.which(name) for name in names]
    paths += [path for pattern in PYTHONS for path in sorted(glob.glob(pattern))]
    others = {}
    for path in [sys.executable, *filter(None, paths)]:
        folder = os.path.dirname(path)
        is_venv = os.path.exists(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))
        others.setdefault(os.path.realpath(folder if is_venv else path), path)
    return [own, *each(python_at, list(others.values())[1:MOST_PYTHONS])]


def nvcc_at(place):
    """One that tells no release keeps its place: builds would take it all the same."""
    why, path = place
    there, found = is_program(path), None
    with contextlib.suppress(TimeoutError, OSError):
        found = there and re.search(r"release ([\d.]+)", said(path, "--version")[1])
    facts = {"path": path, "there": there, "why": why, "found_by_builds": bool(why)}
    return dict(
        facts, release=found.group(1) if found else "", on_path=shutil.which("nvcc") == path
    )


def toolkits():
    """Every nvcc, the one of builds first; that one also says what it compiles for."""
    first, others = {}, glob.glob("/opt/*/bin/nvcc") + glob.glob(HOME + "/*/bin/nvcc")
    places = toolkit_places() + [("", path) for path in sorted(others) if is_program(path)]
    for why, path in places:
        first.setdefault(os.path.realpath(path), (why, path))
    places = list(first.values())[:MOST_TOOLS]
    chosen = places[0][1] if places and places[0][0] and is_program(places[0][1]) else None
    codes = Task(said, chosen, "--list-gpu-code") if chosen else None
    found = each(nvcc_at, places)
    for toolkit in found:
        if toolkit["path"] == chosen:
            listed = codes.wait(DEADLINE - 0.1) or (1, "")
            toolkit["arches"] = re.findall(r"\bsm_\d+[af]?\b", listed[1])
    return found


def ncu_at(path):
    found = re.search(r"Version ([\d.]+)", said(path, "--version")[1])
    return found and {"path": path, "version": found.group(1)}


def profilers():
    places = [*cuda_folders("/bin/ncu"), *cuda_folders("/nsight-compute*/ncu")]
    places = programs("ncu", *places, "/opt/nvidia/nsight-compute/*/ncu")
    return each(ncu_at, places[:MOST_TOOLS])


def nvidia_smi():
    places = programs(
        "nvidia-smi", "/usr/local/nvidia/bin/nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"
    )
    if not places:
        return {"path": ""}
    # The log lacks the compute capability.
    asked = Task(said, places[0], "--query-gpu=compute_cap", "--format=csv,noheader")
    status, log = said(places[0], "-q", "-x")
    capabilities = asked.wait(DEADLINE - 0.1) or (1, "")
    return {"path": places[0], "status": status, "log": log, "capabilities": capabilities[1]}


def transfer():
    servers = glob.glob("/usr/lib*/*/sftp-server") + glob.glob("/usr/lib*/sftp-server")
    with contextlib.suppress(OSError), open("/etc/ssh/sshd_config", errors="replace") as handle:
        servers += re.findall(r"(?m)^\s*Subsystem\s+sftp\s+(\S+)", handle.read())
    tools = {name: shutil.which(name) or "" for name in ("tar", "rsync")}
    return dict(tools, sftp_server=servers[-1] if servers else "")


hello(sys.argv[1])
os.environ.update(receive_json() if sys.argv[3:] else {})
tasks = {
    "files": Task(contents),
    "system": Task(system),
    "pythons": Task(pythons),
    "toolkits": Task(toolkits),
    "profilers": Task(profilers),
    "nvidia_smi": Task(nvidia_smi),
    "workspace": Task(workspace),
    "builds": Task(place, sys.argv[2] + "/builds"),
    "locks": Task(locks),
    "temporary": Task(place, os.environ.get("TMPDIR") or "/tmp"),
    "shared_memory": Task(place, "/dev/shm"),
    "transfer": Task(transfer),
}
evidence = {name: task.wait() for name, task in tasks.items()}
evidence = {name: value for name, value in evidence.items() if value is not None}
evidence["silent"] = [name for name, task in tasks.items() if not task.ended]
evidence["faults"] = [[name, task.fault] for name, task in tasks.items() if task.fault]
evidence["took_s"] = time.monotonic() - STARTED
evidence["clock_s"] = time.time()
# Before the answer, as whoever has it may end us; and after it, for one just being started.
end_children()
try:
    send_json(evidence)
finally:
    end_children()
    # Threads that hang would hold an ordinary exit up.
    os._exit(0)
