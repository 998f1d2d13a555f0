"""Every finding can be provoked: one change to a healthy host, and the line that answers it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.doctor.diagnosis import Diagnosis
from orchestrator.doctor.diagnosis_software import target_of
from orchestrator.doctor.finding import Case, Level
from orchestrator.values.host import TransportKind
from orchestrator.values.host_facts import (
    CompileProbe,
    CounterProbe,
    Driver,
    Gpu,
    Place,
    Toolkit,
    Transfer,
)
from remote_payload.machine.toolkit import arch_of
from tests.model.healthy_host import (
    ANY_GPU,
    BARE,
    CONDA,
    CPU_BUILD,
    FACTS,
    GPU,
    HOST,
    KIT,
    MISMATCH,
    OLD,
    PREPARE,
    REACH,
    SECOND_GPU,
    TORCH,
    TRACED,
    UNKNOWN,
    WORKSPACE,
    Change,
    compiled,
    driver,
    facts,
    gpu,
    named,
    no_gpu,
    reach,
    refused,
    seen,
    space,
    system,
)

W, F = Level.WARN, Level.FAIL

CASES: tuple[tuple[str, Change, Level, str, str], ...] = (
    ("ssh", reach(connect_s=7.5), W, "connected in 7.50 s", "`UseDNS no`"),
    ("login", reach(noise_bytes=102412), W, "102,412 bytes", "case $- in *i*) ;; *) return"),
    ("transfer", facts(transfer=Transfer(tar="/bin/tar")), W, "no rsync", "openssh-sftp-server"),
    ("clock", reach(clock_ahead_s=-31_536_000.0), W, "31,536,000 s behind ours", "by NTP"),
    ("clock", reach(clock_ahead_s=60.0), W, "60 s ahead of ours", "in a container only its machine"),
    ("cpu", system(cpus=1), W, "1 to use", "more vCPUs"),
    ("memory", system(memory_available_bytes=2 << 30), W, "2.0 of 128.0 GiB", "end other programs"),
    ("shm", facts(shared_memory=replace(FACTS.shared_memory, total_bytes=1 << 20)), W, "1 MiB", "--shm-size"),
    ("shm", facts(shared_memory=Place("/dev/shm", "/dev")), W, "there is no /dev/shm", "--shm-size"),
    ("workspace", facts(workspace=Place(), silent=("workspace",)), F, "does not answer", "for h100 in the inventory"),
    ("workspace", facts(workspace=Place(), faults=(("workspace", "OSError: stale"),)), F, "OSError: stale", "`workspace:`"),
    ("workspace", space(error="ENOSPC", free_bytes=0), F, "is full", "rm -r /workspace/bsk/builds"),
    ("workspace", space(error="EDQUOT"), F, "your quota", "rm -r /workspace/bsk/builds"),
    ("workspace", space(error="EFBIG"), F, "takes no file of that size", "`ulimit -f`"),
    ("workspace", space(error="EMFILE"), F, "too many files are open already", "`ulimit -n`"),
    ("workspace", space(error="ENFILE"), F, "the whole machine has too many files open", "end some"),
    ("workspace", space(error="EROFS"), F, "is read-only", "set `workspace:` for h100"),
    ("workspace", space(error="EACCES"), F, "not yours to write to", "set `workspace:` for h100"),
    ("workspace", space(error="EIO"), F, "cannot be written to (EIO)", "set `workspace:` for h100"),
    ("workspace", space(free_bytes=1_000_000), F, "is nearly full", "rm -r"),
    ("workspace", space(free_inodes=3), F, "room for 3 more files", "rm -r"),
    ("workspace", facts(workspace=replace(WORKSPACE, free_bytes=2_000_000_000), builds=Place()), W, "is filling up", "set `workspace:` for h100"),
    ("workspace", facts(builds=replace(WORKSPACE, noexec=True)), F, "cannot load builds: /workspace is mounted noexec", "another disk"),
    ("workspace", space(free_bytes=2_000_000_000), W, "is filling up", "rm -r"),
    ("locks", facts(locks=Place("/no/such", "/no/such", error="EACCES")), F, "BLACKWELL_SPARSEK_LOCKS=/no/such is no folder: no job can begin", "`env:` for h100"),
    ("locks", facts(locks=Place("/run/bsk", "/run/bsk", True, error="EACCES")), F, "/run/bsk is not yours to write to", "mode 1777"),
    ("locks", facts(locks=Place("/run/bsk", "/run/bsk", True, error="odd", part="blackwell-sparsek-machine")), F, "/run/bsk: blackwell-sparsek-machine is no plain file of its own: no job can begin", "move it away there"),
    ("locks", facts(locks=Place("/run/bsk", "/run/bsk", True, error="odd", part="blackwell-sparsek-gpu-1")), W, "no job can begin on that GPU", "move it away there"),
    ("locks", facts(locks=Place("/run/bsk", "/run/bsk", True, error="EMFILE", part="blackwell-sparsek-machine")), F, "too many files", "`ulimit -n`"),
    ("workspace", space(free_bytes=1_000_000, part="jobs", own_disk=True), F, "/jobs (0.0 GB free) is nearly full", "set `workspace:` for h100"),
    ("restart", space(mount="/", file_system="overlay"), W, "own layer", "`workspace: /workspace/blackwell-sparsek` for h100"),
    ("restart", space(mount="/workspace", file_system="tmpfs"), W, "lies in memory", "set `workspace:"),
    ("tmp", facts(temporary=replace(FACTS.temporary, free_bytes=0)), F, "is full: nvcc", "TMPDIR"),
    ("tmp", facts(temporary=replace(FACTS.temporary, error="EACCES")), F, "not yours to write to: nvcc", "TMPDIR"),
    ("tmp", facts(temporary=replace(FACTS.temporary, exists=False)), F, "is missing", "TMPDIR"),
    ("tmp", facts(temporary=replace(FACTS.temporary, free_bytes=9)), W, "nearly full", "TMPDIR"),
    ("unseen", facts(silent=("toolkits",), toolkits=()), W, "the search for nvcc did not answer", "here: `orchestrator doctor h100`"),
    ("unseen", facts(faults=(("files", "MemoryError: "),)), W, "/proc could not be looked at", "here: `orchestrator doctor h100`"),
    ("python", facts(interpreters=(), silent=("pythons",)), F, "does not end a one-line program", "python -c 'print(1)'"),
    ("python", facts(interpreters=(), faults=(("pythons", "ValueError: broken"),)), F, "broken", "`python:` for h100"),
    ("torch", facts(interpreters=(BARE, CPU_BUILD, CONDA)), F, "/opt/conda/bin/python has 2.6.0", "set `python: /opt/conda/bin/python` for h100"),
    ("torch", facts(interpreters=(BARE, OLD)), F, "no other Python", "on the host: `/usr/bin/python3 -m pip install torch --index-url https://download.pytorch.org/whl/cu126`, in a build for CUDA 12.8"),
    ("torch", facts(interpreters=(CPU_BUILD,)), F, "built without CUDA", "build for CUDA 12.8 or older"),
    ("torch", no_gpu(interpreters=(BARE,)), F, "has none", "on the host: `/usr/bin/python3 -m pip install torch`"),
    ("torch", no_gpu(interpreters=(replace(BARE, managed=True, venv=True),)), F, "has none", "keeps pip out; on the host: `/usr/bin/python3 -m venv /workspace/bsk/venv && /workspace/bsk/venv/bin/python -m pip install torch`, then set `python: /workspace/bsk/venv/bin/python` for h100"),
    ("torch", no_gpu(interpreters=(replace(BARE, pip=False, venv=True),)), F, "has none", "it has no pip of its own; on the host: `/usr/bin/python3 -m venv "),
    ("torch", no_gpu(interpreters=(replace(BARE, managed=True),)), F, "has none", "cannot make a virtual environment: install the system's package"),
    ("nvcc", facts(toolkits=()), F, "cannot be built", "toolkit for CUDA 12.8 or older"),
    ("nvcc", no_gpu(ANY_GPU, toolkits=()), W, "no nvcc", "CUDA -devel image"),
    ("nvcc", facts(toolkits=(replace(KIT, path="/opt/conda/bin/nvcc", found_by_builds=False),)), F, "builds do not look", "`cuda_home: /opt/conda`"),
    ("nvcc", facts(toolkits=(replace(KIT, path="/usr/local/cuda-13.0/bin/nvcc"),)), W, "says it is 12.8", "rename the folder"),
    ("nvcc", facts(toolkits=(replace(KIT, release="", path="/x/bin/nvcc"),)), F, "does not say its release", "`cuda_home:` for h100"),
    ("nvcc", named("/opt/cuda", there=False), F, "builds go to /opt/cuda, because the inventory's cuda_home says so: it holds no", "correct `cuda_home:` for h100 in the inventory, or"),
    ("nvcc", no_gpu(ANY_GPU, toolkits=(replace(KIT, why="CUDA_PATH", there=False),)), F, "because CUDA_PATH says so: it holds no", "in the host's own environment, or remove it"),
    ("compile", compiled("compile", "In file included\ncc1plus: fatal error: cuda_runtime.h: No such file or directory\ncompilation terminated."), F, "do not compile: cc1plus: fatal error: cuda_runtime.h: No such file", "install the toolkit there as a whole"),
    ("compile", compiled("link", "/usr/bin/ld: cannot find -lcudart_static: No such file\ncollect2: error: ld returned 1 exit status"), F, "do not link: /usr/bin/ld: cannot find -lcudart_static", "as a whole"),
    ("compile", compiled("compile", "gcc: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties."), F, "gcc: No such file", "install a g++ there"),
    ("compile", compiled("load", "OSError: libten.so: failed to map segment"), F, "cannot be loaded: OSError: libten.so: failed to map", "as a whole"),
    ("compile", compiled("mixed", "/x lacks ptxas: builds would take /y/ptxas"), F, "not whole: /x lacks ptxas", "as a whole"),
    ("compile", compiled("compile", "error", instead=(("cuda_home", "/usr/local/cuda-12.4"),)), F, "do not compile", "set `cuda_home: /usr/local/cuda-12.4` for h100 in the inventory: with it they do"),
    ("compile", compiled("compile", "error", instead=(("NVCC_CCBIN", "/usr/bin/g++-12"),)), F, "do not compile", "set `env: {NVCC_CCBIN: /usr/bin/g++-12}` for h100"),
    ("compile", compiled("time", "link", took_s=60.2), W, "not done in time: link had not ended after 60 s", "here: `orchestrator doctor h100`"),
    ("compile", compiled("place", "/workspace: Read-only file system"), W, "not tried: /workspace: Read-only", "here: `orchestrator doctor h100`"),
    ("arch", facts(toolkits=(replace(KIT, release="11.4", arches=("sm_80",)),)), F, "knows no sm_90, only sm_80", "newer CUDA toolkit"),
    ("arch", facts(toolkits=(replace(KIT, release="11.8"),)), F, "not sm_90a", "12.0 or newer"),
    ("cuda", facts(toolkits=(replace(KIT, release="13.0"),)), F, "serves CUDA 12.x", "driver 580 or newer, or use the toolkit for CUDA 12.x"),
    ("cuda", facts(interpreters=(replace(TORCH, torch_cuda="13.0"),)), F, "torch 13.0", "use torch for CUDA 12.x"),
    ("cuda", driver(version="470.57.02", cuda="11.4"), F, "serves CUDA 11.x", "driver 525"),
    ("cuda", facts(driver=replace(FACTS.driver, compat="/usr/local/cuda/compat/libcuda.so.1"), toolkits=(replace(KIT, release="13.0"),)), F, "serves CUDA 12.x", "LD_LIBRARY_PATH: /usr/local/cuda/compat}"),
    ("gpu", no_gpu(silent=("nvidia_smi",)), F, "nvidia-smi does not answer", "here: `orchestrator doctor h100`; if it never"),
    ("gpu", no_gpu(driver=Driver("/x", "Failed to initialize NVML: Driver/library version mismatch")), F, "version mismatch", "restart the machine"),
    ("gpu", no_gpu(driver=Driver("/x", "No devices were found")), F, "No devices", "docker's option --gpus"),
    ("gpu", no_gpu(driver=Driver("/x", "GPU is lost.  Reboot")), F, "is lost", "restart the pod"),
    ("gpu", no_gpu(driver=Driver("/x", "segfault")), F, "segfault", "until nvidia-smi shows the GPU"),
    ("gpu", no_gpu(driver=Driver(module="570.1", nodes=1)), F, "nvidia-smi is not", "nvidia-utils"),
    ("gpu", no_gpu(), F, "the inventory says gpu: 0", "remove `gpu:` for h100"),
    ("gpu", no_gpu(ANY_GPU), W, "only checks and CPU timings", "here: `orchestrator hosts add --help`"),
    ("gpu", no_gpu(ANY_GPU, system=replace(FACTS.system, sbatch="/usr/bin/sbatch")), W, "Slurm's compute nodes", "hosts add"),
    ("gpu", lambda: seen(host=SECOND_GPU), F, "gpu: 1, there are 1", "set `gpu: 0` for h100"),
    ("gpu", no_gpu(driver=Driver("/x", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")), F, "couldn't communicate", "whoever owns the machine can load the driver"),
    ("driver", driver(module="570.124.06"), F, "the kernel runs 570.124.06", "restart the machine"),
    ("idle", gpu(processes=(("python", 512.0),), memory_used_mib=600.0), W, "1 on the GPU (python), 600 MiB", "worth nothing"),
    ("idle", gpu(memory_used_mib=40000.0), W, "does not show", "rent another pod"),
    ("idle", gpu(utilization_percent=97.0), W, "97 % busy", "wait"),
    ("temperature", gpu(temperature_c=84.0), W, "84 °C", "cool down"),
    ("temperature", gpu(temperature_c=79.0, slowdown_c=89.0), W, "slows down at 89", "cool down"),
    ("ecc", gpu(ecc_errors=2), F, "2 uncorrectable", "rent another GPU"),
    ("idle", gpu(processes=(("python train.py", 512.0),) * 7), W, "python train.py, and 2 more), 0 MiB", "worth nothing"),
    ("idle", gpu(processes=(("python " + "x" * 400, None),), memory_used_mib=None), W, "x … (207 more characters)), memory in use is not told", "worth nothing"),
    ("idle", gpu(memory_used_mib=None, utilization_percent=None), W, "not told: the driver shows neither memory in use nor how busy", "nobody else uses it"),
    ("idle", gpu(memory_used_mib=None, utilization_percent=97.0), W, "97 % busy", "wait"),
    ("temperature", gpu(temperature_c=None), W, "not told by the driver (N/A)", "clocks"),
    ("ecc", gpu(ecc=None, ecc_errors=3), F, "3 uncorrectable memory errors", "rent another GPU"),
    ("ecc", gpu(ecc=None, ecc_errors=None), W, "not told (N/A)", "compared with a reference"),
    ("ecc", gpu(ecc_errors=None), W, "on; how many errors there were is not told (N/A)", "compared with a reference"),
    ("ecc", gpu(ecc_errors=0, ecc_untold=("sram_uncorrectable",)), W, "not told: sram_uncorrectable", "reference"),
    ("ecc", gpu(ecc_errors_ever=4), W, "since the driver was loaded, 4 before", "if one comes back"),
    ("ecc", gpu(memory_wounds=("memory is beyond repair",)), F, "beyond repair: results may be wrong", "rent another GPU"),
    ("ecc", gpu(memory_repairs=("rows wait to be remapped",)), W, "rows wait to be remapped: only a reset", "whoever owns the machine can reset it (nvidia-smi's option --gpu-reset)"),
    ("ecc", gpu(row_remap_failure=True), F, "could not be remapped", "rent another GPU"),
    ("ecc", gpu(ecc=False), W, "off", "can turn it on (nvidia-smi's option -e, then a restart)"),
    ("mig", gpu(mig=True), W, "you measure a slice", "can turn it off (nvidia-smi's option -mig)"),
    ("throttle", gpu(throttle=("gpu_idle", "hw_slowdown")), W, "clocks down: hw_slowdown", "rent another"),
    ("throttle", gpu(throttle=None), W, "not told: the driver does not say", "stay the same"),
    ("throttle", gpu(throttle_untold=("hw_slowdown",)), W, "nothing told holds the clocks down; not told: hw_slowdown", "stay the same"),
    ("gpu", gpu(name=""), F, "tells nothing of it, not even its name", "restart the pod"),
    ("driver", driver(warning="WARNING: infoROM is corrupted at gpu 0000:81:00.0"), W, "infoROM is corrupted", "tell whoever owns the machine"),
    ("persistence", gpu(persistence=False), W, "off", "can turn it on (nvidia-smi's option -pm)"),
    ("clocks", system(capabilities=0), W, "refused (no CAP_SYS_ADMIN; not tried)", "records its clocks"),
    ("clocks", system(uid=1000), W, "refused (not root; not tried)", "records its clocks"),
    ("ncu", facts(profilers=()), W, "not found", "nsight-compute"),
    ("counters", lambda: seen(refused()), W, "RmProfilingAdminOnly is 1", "NVreg_RestrictProfilingToAdminUsers=0"),
    ("counters", driver(profiling_admin_only=None), W, "does not tell", "here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(1, "==ERROR== ERR_NVGPUCTRPERM - The user")), W, "refused to this user", "capability SYS_ADMIN (docker's option --cap-add)"),
    ("counters", facts(counters=CounterProbe(1, "a driver resource was unavailable")), W, "in use by another tool", "can pause DCGM's profiling (dcgmi's command profile, its option --pause); then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(1, "open /tmp/nsight-compute-lock")), W, "lock file", "set `env: {TMPDIR: …}` for h100"),
    ("counters", facts(counters=CounterProbe(None, "")), W, "did not end in time", "try again, here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(9, "x\ncuInit failed with 999\n")), W, "(9): cuInit failed with 999", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(0, "==WARNING== No kernels were profiled.")), W, "No kernels", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(0, "  sm__cycles_elapsed.max  cycle  nan\n")), W, "not usable: ncu ran, but its counter came back as nan", "end other profilers there"),
    ("counters", facts(counters=CounterProbe(0, "  sm__cycles_elapsed.max  cycle  (!) n/a\n")), W, "came back as (!) n/a", "no slice"),
    ("counters", facts(counters=CounterProbe(0, "  sm__cycles_elapsed.max  cycle  0\n")), W, "came back as 0", "else profile without ncu"),
    ("counters", facts(counters=CounterProbe(9, MISMATCH)), W, "(9): Cuda driver is not compatible with Nsight Compute.", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(0, UNKNOWN)), W, "(0): Unknown Error on device 0.", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(9, PREPARE)), W, "(9): Failed to prepare kernel for profiling / Unknown Error on device 0.", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(1, TRACED)), W, "(1): OSError: libcuda.so.1: cannot open shared object file", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
    ("counters", facts(counters=CounterProbe(1, "")), W, "(1): it printed nothing", "mend what it says, then here: `orchestrator doctor h100 --probe-counters`"),
)  # fmt: skip


def test_a_healthy_host_has_nothing_to_mend() -> None:
    diagnosis = seen()
    assert {one.level for one in diagnosis.findings} == {Level.OK}
    assert {one.mend for one in diagnosis.findings} == {""}
    assert diagnosis.first_failure is None


@pytest.mark.parametrize(
    ("topic", "change", "level", "found", "mend"),
    CASES,
    ids=[f"{case[0]}-{case[3]}" for case in CASES],
)
def test_each_trouble_is_found_with_its_mend(
    topic: str, change: Change, level: Level, found: str, mend: str
) -> None:
    diagnosis = change()
    lines = [one for one in diagnosis.findings if one.topic == topic and one.level is not Level.OK]
    assert [one.level for one in lines] == [level]
    assert found in lines[0].found
    assert mend in lines[0].mend
    assert (diagnosis.first_failure is None) or level is F or topic in ("gpu", "nvcc", "unseen")


def test_every_topic_can_be_in_trouble_but_those_that_only_inform() -> None:
    topics = {
        one.topic
        for one in seen(replace(FACTS, system=replace(FACTS.system, sbatch="/s"))).findings
    }
    assert topics - {case[0] for case in CASES} == {"system", "slurm"}


def test_counters_are_allowed_to_an_administrator_and_where_a_probe_measured() -> None:
    admin = driver(profiling_admin_only=True)()
    probed = facts(counters=CounterProbe(0, "  sm__cycles_elapsed.max cycle 2,139"))()
    for diagnosis, words in ((admin, "we are administrator"), (probed, "measured a kernel")):
        line = next(one for one in diagnosis.findings if one.topic == "counters")
        assert line.level is Level.OK
        assert words in line.found


@pytest.mark.parametrize("value", ["2,139", "2139", "2.139", "2 139", "2\u202f139", "2'139"])
def test_a_count_is_one_in_every_locale(value: str) -> None:
    probed = facts(counters=CounterProbe(0, f"    sm__cycles_elapsed.max   cycle   {value}\n"))()
    assert [one.level for one in probed.findings if one.topic == "counters"] == [Level.OK]


def test_nothing_that_is_not_told_is_called_zero_or_no() -> None:
    silent = seen(replace(FACTS, gpus=(Gpu(name="NVIDIA GB10"),)))
    said = " ".join(one.found for one in silent.findings)
    for claim in ("0 MiB in use", "nothing holds the clocks down", "no uncorrectable error", "off"):
        assert claim not in said.replace("not off", "")
    level = {one.topic: one.level for one in silent.findings}
    assert {level[topic] for topic in ("idle", "ecc", "throttle", "temperature")} == {Level.WARN}
    assert "SM not told of not told MHz" in said


def test_this_machine_needs_no_ssh_and_no_volume() -> None:
    local = replace(HOST, kind=TransportKind.LOCAL)
    there = replace(FACTS, workspace=replace(WORKSPACE, mount="/", file_system="overlay"))
    topics = {one.topic for one in seen(there, host=local, reach=replace(REACH, route="")).findings}
    assert topics.isdisjoint({"login", "restart"})


def words_on(topic: str, diagnosis: Diagnosis) -> str:
    return next(one.found for one in diagnosis.findings if one.topic == topic)


def test_the_toolkit_of_builds_is_named_with_its_reason_and_what_else_is_there() -> None:
    kit = Toolkit("/usr/local/cuda-12.4/bin/nvcc", "12.4", False, True, KIT.arches, "CUDA_HOME")
    other = Toolkit("/usr/bin/nvcc", "13.0", True, True, why="PATH")
    here = replace(FACTS, toolkits=(kit, other))
    by_inventory = replace(HOST, cuda_home=kit.home, env=(("CUDA_HOME", kit.home),))
    by_env = replace(HOST, env=(("CUDA_HOME", kit.home),))
    also = "; also there: 13.0 on PATH"
    at = "12.4 at /usr/local/cuda-12.4, because "
    for host, why in (
        (by_inventory, "the inventory's cuda_home says so"),
        (by_env, "CUDA_HOME says so in the inventory's env"),
        (HOST, "CUDA_HOME says so"),
    ):
        assert words_on("nvcc", seen(here, host=host)) == at + why + also
    for why, words in (
        ("/usr/local/cuda", "it is the default place"),
        ("/usr/local/cuda-*", "it is the newest below /usr/local"),
    ):
        there = replace(FACTS, toolkits=(replace(kit, why=why),))
        assert words_on("nvcc", seen(there)) == at + words


@pytest.mark.parametrize("capability", ["8.0", "8.6", "8.9", "9.0", "10.0", "10.3", "12.0"])
def test_ten_lines_are_compiled_for_the_target_of_builds(capability: str) -> None:
    major, minor = map(int, capability.split("."))
    kit = replace(KIT, release="13.0", arches=(f"sm_{major}{minor}",))
    known = replace(FACTS, gpus=(replace(GPU, capability=capability),), toolkits=(kit,))
    assert target_of(Case(HOST, REACH, known)) == arch_of((major, minor))


@pytest.mark.parametrize("folder", ["cuda-13", "cuda-13.0", "cuda", "cuda-13.0.2"])
def test_a_folder_that_names_less_than_nvcc_says_is_no_contradiction(folder: str) -> None:
    kit = Toolkit(f"/usr/local/{folder}/bin/nvcc", "13.0", False, True, KIT.arches)
    driver = replace(FACTS.driver, version="580.82.07", cuda="13.0")
    lines = seen(replace(FACTS, toolkits=(kit,), driver=driver)).findings
    assert [one.level for one in lines if one.topic == "nvcc"] == [Level.OK]


def test_what_was_remembered_is_called_so() -> None:
    fresh = facts(compiled=CompileProbe("ok", compiler="g++ 12.2.0", took_s=1.44))()
    assert words_on("compile", fresh) == "ten lines compile, link and load with g++ 12.2.0 (1.4 s)"
    again = facts(compiled=CompileProbe("ok", remembered=True))()
    assert words_on("compile", again).endswith("(nothing changed since)")
    assert {one.level for one in (*fresh.findings, *again.findings)} == {Level.OK}
