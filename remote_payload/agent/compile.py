# Compiles, links and loads ten lines with one nvcc: a toolkit may lack any of its parts.
# argv: nonce, workspace. A J frame {"env", "nvcc", "arch", "others", "limit_s"} follows our hello;
# we send J frames: {"trying"} where nothing is remembered, then the answer. What went well is
# remembered in the workspace, if that is there; a folder is made for it and removed again.
import contextlib
import hashlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

LOAD_LIMIT_S, ASK_LIMIT_S = 15.0, 5.0
HOSTS = ("gcc", "g++")
SHOWN, MOST_OTHERS, MOST_KEPT = 6000, 3, 16
# nvcc's own programs; each has to be of the toolkit that nvcc belongs to.
OWN = ("cudafe++", "cicc", "ptxas", "fatbinary", "nvlink")
BEHIND = ("cc1plus", "as", "ld", "collect2")
SAME = ("PATH", "CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "LD_PRELOAD")
SAME += ("COMPILER_PATH", "GCC_EXEC_PREFIX", "CUDA_HOME", "CUDA_PATH", "PYTHONHOME")
SOURCE = (
    "#include <cuda.h>\n#include <cuda_runtime.h>\n#include <cstdint>\n#include <vector>\n"
    "#if CUDART_VERSION / 1000 != __CUDACC_VER_MAJOR__\n"
    "#error cuda_runtime.h belongs to another release of CUDA than nvcc\n#endif\n"
    "__global__ void twice(float* x) { *x *= 2; }\n"
    'extern "C" int probe() {\n'
    "  int release = 0;\n"
    "  std::vector<std::uint8_t> some(7);\n"
    "  if (cudaRuntimeGetVersion(&release) != cudaSuccess || some.size() != 7) return 0;\n"
    "  return release / 1000 == CUDART_VERSION / 1000 ? release : 0;\n"
    "}\n"
)
LOAD = "import ctypes,sys; sys.exit(0 if ctypes.CDLL(sys.argv[1]).probe() > 0 else 99)"
started = time.monotonic()
running, folders = [], []


def run(argv, env, limit_s):
    """(exit status, None if it had to be ended; its words)"""
    try:
        child = subprocess.Popen(
            argv,
            env=dict(env, LC_ALL="C"),
            cwd=folders[0] if folders else "/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as problem:
        return 127, "%s: %s" % (argv[0], problem.strerror)
    running.append(child)
    output, status = b"", None
    try:
        output = child.communicate(timeout=max(0.1, limit_s))[0]
        status = child.returncode
    except subprocess.TimeoutExpired:
        end(child)
        child.communicate()
    running.remove(child)
    return status, output.decode("utf-8", "replace")


def end(child):
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)


def left_s():
    return started + ask["limit_s"] - time.monotonic()


def asked(argv, env):
    """What a program says at once, within what is left of all."""
    return run(argv, env, min(ASK_LIMIT_S, left_s()))[1]


def programs_in(said):
    """nvcc's variables, and {name: path} of the programs that its -v names, as its PATH leads."""
    words, found = dict(re.findall(r"(?m)^#\$ (\w+)=(.*)$", said)), {}
    for word in re.findall(r'(?m)^#\$ ((?:"[^"]*"|[^\s"=])+)(?= |$)', said):
        path = word.replace('"', "").replace("$CICC_PATH", words.get("CICC_PATH", ""))
        path = shutil.which(path, path=words.get("PATH")) or ""
        found.setdefault(os.path.basename(path), path)
    return words, {name: path for name, path in found.items() if name not in ("", "rm")}


def stranger(words, found, nvcc):
    """The first program of another toolkit that stands in for a missing one, as a sentence. What
    lies beside the nvcc that we call is its own: Debian's there is a script that calls another."""
    home = os.path.normpath(words.get("_HERE_", "/"))
    top, beside = os.path.dirname(home), os.path.dirname(nvcc)
    places = [os.path.realpath(one) for one in (home, words.get("CICC_PATH", "/"), beside)]
    for name in OWN:
        path = found.get(name, home + "/" + name)
        own = os.path.realpath(os.path.dirname(path)) in places
        if not own and not os.path.realpath(path).startswith(os.path.realpath(top) + os.sep):
            return "%s lacks %s: builds would take %s" % (top, name, path)
    return ""


def involved(folder, said, found, env):
    """Every file that was read, so that a change of any of them is seen."""
    with open(folder + "/ten.d", errors="replace") as handle:
        words = re.split(r"(?<!\\)\s+", handle.read().replace("\\\n", " "))
    files = {word.replace("\\ ", " ") for word in words[1:] if word.strip()}
    files |= {line.strip("()").split("(")[0].split(")")[0] for line in said.splitlines()}
    files |= set(found.values())
    for host in set(found) - set(OWN):
        for name in BEHIND:
            path = asked([found[host], "-print-prog-name=" + name], env).strip()
            files.add(shutil.which(path, path=env.get("PATH")) or "")
    files = {path for path in files if os.path.isabs(path) and os.path.isfile(path)}
    return sorted(path for path in files if not path.startswith(folder))


def attempt(ask, env, folder):
    """What comes of the ten lines: {"state", "said", "compiler"}, and the files that were read."""
    arch = ["-arch", ask["arch"]] if ask["arch"] else []
    unit, target = folder + "/ten.cu", folder + "/libten.so"
    with open(unit, "w") as handle:
        handle.write(SOURCE)
    common = [ask["nvcc"], "-v", "-std=c++17", "-O3", "-lineinfo", "-Xcompiler", "-fPIC", *arch]
    depends = ["-MD", "-MF", folder + "/ten.d", "-c", unit, "-o", folder + "/ten.o"]
    link = ["-shared", "-cudart", "static", "-Xlinker", "-t", folder + "/ten.o", "-o", target]
    env, heard = dict(env, TMPDIR=folder), ""
    for state, argv, made, limit_s in (
        ("compile", common + depends, folder + "/ten.o", ask["limit_s"]),
        ("link", common + link, target, ask["limit_s"]),
        ("load", [sys.executable, "-IS", "-c", LOAD, target], target, LOAD_LIMIT_S),
    ):
        status, said = run(argv, env, min(limit_s, left_s()))
        heard += said + "\n"
        if status is None:
            return {"state": "time", "said": state}, []
        if status or not os.path.isfile(made):
            if state == "load" and status == 99:
                said = "the static CUDA runtime belongs to another release than its headers"
            said = said.strip() or "%s ended with status %d and said nothing" % (argv[0], status)
            return {"state": state, "said": shown(said)}, []
    words, found = programs_in(heard)
    mixed = stranger(words, found, ask["nvcc"])
    if mixed:
        return {"state": "mixed", "said": mixed}, []
    host = found.get("g++") or found.get("gcc") or next(iter(set(found) - set(OWN)), "")
    compiler = asked([found.get(host, host), "--version"], env) if host else ""
    answer = {"state": "ok", "said": "", "compiler": compiler.split("\n")[0][:120]}
    return answer, involved(folder, heard, found, env)


def shown(said):
    """Without nvcc's account of its steps and the linker's list of files."""
    lines = [line for line in said.splitlines() if not line.startswith(chr(35) + "$")]
    return "\n".join(line for line in lines if not os.path.exists(line.strip("()")))[:SHOWN]


def settings(ask, env):
    """What else might do: other toolkits, then other host compilers, as the inventory sets them."""
    for home in ask["others"]:
        nvcc = os.path.join(home, "bin", "nvcc")
        yield ["cuda_home", home], dict(ask, nvcc=nvcc), dict(env, CUDA_HOME=home)
    paths = env.get("PATH", os.defpath).split(os.pathsep)
    found = by_version(path for folder in paths for path in glob.glob(folder + "/g++-[0-9]*"))
    for path in dict.fromkeys(filter(is_program, found)):
        yield ["NVCC_CCBIN", path], ask, dict(env, NVCC_CCBIN=path)


def find_out(ask, env, folder):
    answer, files = attempt(ask, env, folder)
    noexec = answer["state"] == "load" and os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
    if answer["state"] not in ("ok", "time") and not noexec:
        for number, (setting, other, its_env) in enumerate(settings(ask, env)):
            if number < MOST_OTHERS and left_s() > 5:
                if attempt(other, its_env, folder)[0]["state"] == "ok":
                    answer["instead"] = [setting]
                    break
    return dict(answer, nvcc=ask["nvcc"], took_s=time.monotonic() - started), files


def stamps(files):
    facts = []
    for path in files:
        there = os.stat(path)
        facts.append([path, there.st_mtime_ns, there.st_size, there.st_ino])
    return facts


def key_of(ask, env, folder):
    """Names an answer; what it does not tell apart, the stamps of the files do."""
    hosts = [env.get("NVCC_CCBIN", "")] + [shutil.which(n, path=env.get("PATH")) for n in HOSTS]
    programs = [path for path in [ask["nvcc"], *hosts] if path and os.path.isfile(path)]
    said = [asked([path, "--version"], env) for path in programs]
    place = [folder, os.statvfs(folder).f_flag, sys.executable, SOURCE]
    same = {name: env[name] for name in env if name in SAME or name.startswith("NVCC_")}
    text = json.dumps([ask["nvcc"], ask["arch"], programs, said, place, same], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def kept_in(path):
    try:
        with open(path, encoding="utf-8") as handle:
            return dict(json.load(handle))
    except (OSError, ValueError, TypeError):
        return {}


def remembered(book, key):
    try:
        entry = kept_in(book)[key]
        same = stamps(row[0] for row in entry["files"]) == entry["files"]
        return dict(entry["answer"]) if same else None
    except (OSError, KeyError, TypeError, IndexError):
        return None


def keep(book, key, answer, files):
    """Only what went well is kept: a mend has to be seen at once."""
    with contextlib.suppress(OSError):
        entries = {**kept_in(book), key: {"answer": answer, "files": stamps(files)}}
        text = json.dumps(dict(list(entries.items())[-MOST_KEPT:]))
        os.makedirs(os.path.dirname(book), mode=0o700, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=os.path.dirname(book))
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
            os.replace(partial, book)
        except OSError:
            os.unlink(partial)


def leave():
    """Nobody waits any longer, or all is said: nothing of ours stays."""
    for child in list(running):
        end(child)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def until_nobody_listens():
    while _source.read(1):
        pass
    leave()


def job_environment(given):
    """As the supervisor of jobs makes it (remote_payload/runner.py)."""
    folders = ["/usr/local/cuda/bin", *by_version(glob.glob("/usr/local/cuda-*/bin"))]
    paths = [os.environ.get("PATH", os.defpath), *filter(os.path.isdir, folders)]
    return {**os.environ, "PATH": os.pathsep.join(paths), **given}


def main(ask):
    env = job_environment(ask["env"])
    wanted = os.path.abspath(os.path.expanduser(sys.argv[2]))
    there = wanted + "/builds"  # it may lie on another disk, and libraries are loaded from there
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    # A workspace that is not there yet is not made for this.
    book = os.path.join(wanted, "doctor", "compiled.json") if os.path.isdir(wanted) else ""
    key = key_of(ask, env, there)
    answer = remembered(book, key)
    if answer is not None:
        return dict(answer, remembered=True)
    send_json({"trying": ask["nvcc"]})
    try:
        folders.append(tempfile.mkdtemp(prefix=".doctor-", dir=there))
    except OSError as problem:
        return {"state": "place", "said": "%s: %s" % (there, problem.strerror)}
    answer, files = find_out(ask, env, folders[0])
    if book and answer["state"] == "ok":
        keep(book, key, answer, files)
    return answer


hello(sys.argv[1])
ask = receive_json()
threading.Thread(target=until_nobody_listens, daemon=True).start()
try:
    answer = main(ask)
except Exception as problem:
    answer = {"state": "fault", "said": "%s: %s" % (type(problem).__name__, problem)}
for folder in folders:
    shutil.rmtree(folder, ignore_errors=True)
send_json(answer)
leave()
