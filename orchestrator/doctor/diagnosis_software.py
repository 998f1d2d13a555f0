"""Rules about Python, torch, the CUDA toolkit, and whether they and the driver go together."""

from __future__ import annotations

from orchestrator.doctor.finding import Case, Finding, Findings, fail, ok, on_host, warn
from orchestrator.values.command import Command
from orchestrator.values.host_facts import Interpreter, Toolkit

OLDEST_PYTHON = (3, 9)
# The first driver branch that runs programs of a CUDA major release, whatever their minor one:
# https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html, table 1
OLDEST_DRIVER = {11: 450, 12: 525, 13: 580}
# PyTorch's own wheels, by the CUDA major release that the driver runs; whoever asks for torch alone
# gets one for whatever release is newest: https://pytorch.org/get-started/locally/
WHEELS = {
    12: "https://download.pytorch.org/whl/cu126",
    13: "https://download.pytorch.org/whl/cu130",
}
# sm_90a came with PTX ISA 8.0: https://docs.nvidia.com/cuda/parallel-thread-execution, release
# history. nvcc 11.8 lists sm_90 and knows nothing of wgmma.
FIRST_WITH_SM_90A = (12, 0)
# Builds compile for the architecture-specific target of these (`compiling.toolkit` of the payload).
ARCHITECTURE_SPECIFIC = ("9.0", "10.0", "12.0")


def python(case: Case) -> Findings:
    faults = dict(case.facts.faults)
    if case.facts.interpreters:
        own = case.facts.interpreters[0]
        yield ok("python", f"{own.version} ({own.path})")
    elif "pythons" in case.facts.silent:
        yield fail(
            "python",
            f"{case.host.python} starts, but does not end a one-line program in time",
            f"{on_host(_try(case.host.python))} should print 1; else set `python:` {case.setting}",
        )
    else:
        yield fail(
            "python",
            f"{case.host.python} runs only without its site packages: {faults.get('pythons', '?')}",
            f"mend that installation, or set `python:` {case.setting}",
        )


def torch(case: Case) -> Findings:
    if not case.facts.interpreters:
        return
    own = case.facts.interpreters[0]
    if not own.torch:
        yield _torch_elsewhere(case, own)
    elif not own.torch_cuda and case.gpu:
        yield fail(
            "torch",
            f"{own.torch} is built without CUDA: it cannot use the {case.gpu.name}",
            _install_torch(case, own, again=True),
        )
    else:
        cuda = f"built for CUDA {own.torch_cuda}" if own.torch_cuda else "built without CUDA"
        yield ok("torch", f"{own.torch}, {cuda}")


def nvcc(case: Case) -> Findings:
    if "toolkits" in case.facts.silent:
        return
    usable = [one for one in case.facts.toolkits if one.found_by_builds]
    if usable:
        yield _toolkit(case, usable[0])
        return
    if case.facts.toolkits:
        odd = case.facts.toolkits[0]
        yield _lacking(
            case,
            f"{odd.release} lies at {odd.path}, where builds do not look",
            f"set `cuda_home: {odd.home}` {case.setting}",
        )
        return
    yield _lacking(
        case,
        "no nvcc in CUDA_HOME, on PATH or in /usr/local/cuda*: our kernel cannot be built",
        f"start from a CUDA -devel image, or install the toolkit for CUDA {_newest(case)} or older",
    )


def arch(case: Case) -> Findings:
    kit = _first_toolkit(case)
    capability = case.gpu.capability if case.gpu else ""
    if kit is None or not capability or not kit.arches:
        return
    wanted = "sm_" + capability.replace(".", "")
    specific = capability in ARCHITECTURE_SPECIFIC
    if wanted not in kit.arches:
        found = f"nvcc {kit.release} knows no {wanted}, only {', '.join(kit.arches)}"
        yield fail("arch", found, "install a newer CUDA toolkit")
    elif specific and _version(kit.release) < FIRST_WITH_SM_90A:
        found = f"nvcc {kit.release} knows sm_90, but not sm_90a"
        yield fail("arch", found, "install CUDA toolkit 12.0 or newer")
    else:
        yield ok("arch", f"nvcc {kit.release} compiles for {wanted}{'a' if specific else ''}")


def target_of(case: Case) -> str:
    """What builds compile for on this GPU, such as sm_90a; "" where nvcc's own choice will do."""
    kit = _first_toolkit(case)
    capability = case.gpu.capability if case.gpu else ""
    wanted = "sm_" + capability.replace(".", "")
    if kit is None or wanted not in kit.arches:
        return ""
    return wanted + ("a" if capability in ARCHITECTURE_SPECIFIC else "")


def cuda(case: Case) -> Findings:
    """Whether the driver runs what the toolkit and torch build."""
    if not case.facts.driver.version:
        return
    known, late, served = _built_for(case), too_new(case), _served(case)
    together = ", ".join(f"{what} {release}" for what, release in known.items())
    if not late:
        if known:
            yield ok("cuda", f"driver {case.facts.driver.version} runs {together}")
        return
    major = _version(known[late[0]])[0]
    needed = f"driver {OLDEST_DRIVER[major]}" if major in OLDEST_DRIVER else "a newer driver"
    compat = case.facts.driver.compat.removesuffix("/libcuda.so.1")
    mend = f"rent a host with {needed} or newer, or use {' and '.join(late)} for CUDA {served}.x"
    if compat:
        mend = f"set `env: {{LD_LIBRARY_PATH: {compat}}}` {case.setting}, or {mend}"
    yield fail(
        "cuda", f"driver {case.facts.driver.version} serves CUDA {served}.x, not {together}", mend
    )


def misnamed(case: Case) -> bool:
    """Whether a variable names a toolkit that is not there."""
    kit = _first_toolkit(case)
    return kit is not None and not kit.there


def too_new(case: Case) -> tuple[str, ...]:
    """Which of "the toolkit" and "torch" are for a CUDA major release that the driver lacks."""
    if not case.facts.driver.version:
        return ()
    served = _served(case)
    return tuple(
        what for what, release in _built_for(case).items() if _version(release)[0] > served
    )


def _built_for(case: Case) -> dict[str, str]:
    """The CUDA release of the toolkit and of torch, as far as they are known."""
    kit = _first_toolkit(case)
    own = case.facts.interpreters[0].torch_cuda if case.facts.interpreters else ""
    built = {"the toolkit": kit.release if kit else "", "torch": own}
    return {what: release for what, release in built.items() if release}


def _torch_elsewhere(case: Case, own: Interpreter) -> Finding:
    found = f"{own.path} has none"
    others = [
        one
        for one in case.facts.interpreters[1:]
        if one.torch and _version(one.version) >= OLDEST_PYTHON
    ]
    # A build with CUDA first; among those, the newest.
    others.sort(key=lambda one: (bool(one.torch_cuda), _version(one.torch)), reverse=True)
    if others:
        best = others[0]
        return fail(
            "torch",
            f"{found}; {best.path} has {best.torch}",
            f"set `python: {best.path}` {case.setting}",
        )
    return fail(
        "torch",
        f"{found}, and no other Python was found that has it",
        _install_torch(case, own),
    )


def _install_torch(case: Case, own: Interpreter, *, again: bool = False) -> str:
    """again: in the place of a build that cannot use the GPU."""
    words = ["-m", "pip", "install", *(["--force-reinstall"] if again else []), "torch"]
    build = f", in a build for CUDA {_newest(case)} or older" if case.gpu else ""
    if case.gpu and (index := WHEELS.get(_served(case))):
        words += ["--index-url", index]
    folder = f"{case.facts.workspace.whole}/venv"
    if own.pip and not own.managed:
        return on_host(str(Command((own.path, *words)))) + build
    why = "its system keeps pip out" if own.managed else "it has no pip of its own"
    if not own.venv or not case.facts.workspace.whole:
        return (
            f"{why}, and it cannot make a virtual environment: install the system's package for "
            f"those (python3-venv), or a Python of conda or uv with torch{build}, and set "
            f"`python:` {case.setting}"
        )
    inside = f"{folder}/bin/python"
    make = Command((own.path, "-m", "venv", folder)), Command((inside, *words))
    return (
        f"{why}; {on_host(' && '.join(map(str, make)))}{build}, then set `python: {inside}` "
        f"{case.setting}"
    )


def _try(python: str) -> str:
    return str(Command((python, "-c", "print(1)")))


def _toolkit(case: Case, kit: Toolkit) -> Finding:
    """Which one builds take, why, and what else is there."""
    others = [one for one in case.facts.toolkits if one.found_by_builds and one is not kit]
    if not kit.there:
        return _misnamed(case, kit, others)
    also = ", ".join(f"{one.release or 'one'} {_led_by(one)}" for one in others)
    place = kit.path if kit.why == "PATH" else kit.home
    found = f"{kit.release} at {place}, because {_reason(case, kit)}"
    found += f"; also there: {also}" if also else ""
    if not kit.release:
        return _lacking(
            case,
            f"{kit.path} does not say its release, and builds take it: {_reason(case, kit)}",
            f"set `cuda_home:` {case.setting} to a toolkit that works",
        )
    named = _version(kit.home.rpartition("/cuda-")[2]) if "/cuda-" in kit.home else (0,)
    if named != (0,) and named[:2] != _version(kit.release)[: len(named[:2])]:
        return warn(
            "nvcc",
            f"{kit.path} says it is {kit.release}, whatever its folder is called; taken "
            f"because {_reason(case, kit)}",
            "nothing: results name what nvcc says; rename the folder so that nobody is misled",
        )
    return ok("nvcc", found)


def _misnamed(case: Case, kit: Toolkit, others: list[Toolkit]) -> Finding:
    where = case.setting if kit.why in case.host.environment else "in the host's own environment"
    key = "cuda_home:" if case.host.cuda_home else kit.why
    mend = f"correct `{key}` {where}"
    mend += f", e.g. to {others[0].home}" if others else ", or remove it"
    lacks = "it holds no bin/nvcc" if kit.home.startswith("/") else "it is no absolute path"
    found = f"builds go to {kit.home}, because {_reason(case, kit)}: {lacks}"
    # On a host without a GPU too: a job that builds does not take another one in its place.
    return fail("nvcc", found, mend)


def _reason(case: Case, kit: Toolkit) -> str:
    if kit.why == "CUDA_HOME" and case.host.cuda_home:
        return "the inventory's cuda_home says so"
    if kit.why in ("CUDA_HOME", "CUDA_PATH"):
        inventory = kit.why in case.host.environment
        return f"{kit.why} says so" + (" in the inventory's env" if inventory else "")
    return {"PATH": "PATH leads there", "/usr/local/cuda": "it is the default place"}.get(
        kit.why, "it is the newest below /usr/local"
    )


def _led_by(kit: Toolkit) -> str:
    return "on PATH" if kit.on_path or kit.why == "PATH" else f"at {kit.home}"


def _lacking(case: Case, found: str, mend: str) -> Finding:
    """A missing compiler stops work on a GPU host; a CPU host has nothing to build for."""
    return fail("nvcc", found, mend) if case.gpu else warn("nvcc", found, mend)


def _first_toolkit(case: Case) -> Toolkit | None:
    return next((kit for kit in case.facts.toolkits if kit.found_by_builds), None)


def _served(case: Case) -> int:
    """The newest CUDA major release that the driver runs."""
    driver = case.facts.driver
    branch = _version(driver.version)[0]
    known = max((cuda for cuda, oldest in OLDEST_DRIVER.items() if branch >= oldest), default=0)
    return max(known, _version(driver.cuda)[0])


def _newest(case: Case) -> str:
    driver = case.facts.driver
    return driver.cuda or (f"{_served(case)}.x" if driver.version else "of the driver")


def _version(text: str) -> tuple[int, ...]:
    """(12, 8) of "12.8" or "12.8.0+cu128"; (0,) of what is no version."""
    numbers = []
    for part in text.split("+")[0].split("."):
        if not part.isascii() or not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers) or (0,)


RULES = (python, torch, nvcc, arch, cuda)
