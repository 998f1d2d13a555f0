"""Lines as real tools print them, with what must go and what must stay in each of them.

In a template `<…>` must go and `[…]` must stay; every other word is scenery. A seed fills them in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_SLOT = re.compile(r"<([a-z]\w*)>|\[\[(\w+)\]\]")
_POD_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_POD_WORDS = re.compile(r"[a-z]+\d*|\d+[a-z]+|[0-9a-f]+|(?:[a-z]\d{1,4}){3,4}[a-z]?|.*\dx\d+x\d.*")


@dataclass(frozen=True)
class Line:
    """text: the line. secrets: what must not be read from it. facts: what must be."""

    text: str
    secrets: tuple[str, ...]
    facts: tuple[str, ...]


def line(seed: int) -> Line:
    """The line of a seed."""
    dice = random.Random(seed)
    template = dice.choice(TEMPLATES)
    secrets: list[str] = []
    facts: list[str] = []

    def filled(slot: re.Match[str]) -> str:
        value = _MAKERS[slot[1] or slot[2]](dice)
        (secrets if slot[1] else facts).append(value)
        return value

    return Line(_SLOT.sub(filled, template), tuple(secrets), tuple(facts))


def stands_in(value: str, text: str) -> bool:
    """Whether value is there, and not as a part of a longer number."""
    return re.search(rf"(?<![0-9]){re.escape(value)}(?![0-9])", text) is not None


def pod(dice: random.Random) -> str:
    """A pod's name as RunPod makes them: one in which nobody sees a word or a digest."""
    while True:
        name = "".join(dice.choices(_POD_LETTERS, k=14))
        if not _POD_WORDS.fullmatch(name):
            return name


def _ip4(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return dice.choice(("127.0.0.1", "0.0.0.0", "10.0.0.5", "172.17.0.2", "192.168.1.20"))
    return str(IPv4Address(dice.randrange(1 << 24, 224 << 24)))


def _ip6(dice: random.Random) -> str:
    address = IPv6Address((0x2001 << 112) | dice.randrange(1 << 112))
    forms = (
        address.compressed,
        address.exploded,
        address.compressed.upper(),
        str(IPv6Address((0xFE80 << 112) | dice.randrange(1 << 64))),
        str(IPv6Address((0xFD00 << 112) | dice.randrange(1 << 16))),
        "::1",
        f"2001:db8::{dice.randrange(1, 99)}",
        f"::ffff:{_ip4(dice)}",
    )
    return dice.choice(forms)


def _fqdn(dice: random.Random) -> str:
    number = dice.randrange(1, 99)
    dashed = "-".join(str(dice.randrange(1, 255)) for _ in range(4))
    return dice.choice(
        (
            f"ec2-{dashed}.compute-1.amazonaws.com",
            f"ip-{dashed}.ec2.internal",
            f"{pod(dice)}-8888.proxy.runpod.net",
            f"{pod(dice)}.runpod.internal",
            "ssh.runpod.io",
            f"ssh{number}.vast.ai",
            f"instance-{number}.us-central1-a.c.project-{number}.internal",
            f"{number}.{number}.55.34.bc.googleusercontent.com",
            f"vm{number}.westeurope.cloudapp.azure.com",
            f"gpu-{number}.cloud.lambdalabs.com",
            f"tenant-{number}.ord1.coreweave.cloud",
            f"ps{number}.paperspace.com",
            f"r{number}.modal.host",
            f"box-{number}.brev.dev",
            f"gpu{number}.hpc.example.edu",
            f"node-{number}.cluster.local",
            f"login{number}.rz.uni-example.de",
            "gpu.corp.example.com",
        )
    )


def _label(dice: random.Random) -> str:
    kind = dice.choice(("gpu-{}", "node{}", "worker-{}", "dgx{}", "login-{}"))
    return kind.format(dice.randrange(100, 999))


def _digest(dice: random.Random) -> str:
    return f"{dice.getrandbits(256):064x}"[: dice.choice((7, 12, 14, 16, 40, 64))]


def _figure(dice: random.Random) -> str:
    return dice.choice(
        (
            f"{dice.uniform(0.1, 999):.3f}",
            str(dice.randrange(100, 99999)),
            f"{dice.randrange(1, 999)},{dice.randrange(100, 999)}",
            f"{dice.uniform(1, 9):.2f}e-0{dice.randrange(1, 9)}",
        )
    )


def _version(dice: random.Random) -> str:
    major, minor, patch = dice.randrange(1, 600), dice.randrange(30), dice.randrange(200)
    return dice.choice(
        (f"{major}.{minor}.{patch}", f"{major}.{minor}", f"2.{minor}.{patch % 9}+cu124")
    )


def _version4(dice: random.Random) -> str:
    return ".".join(str(dice.randrange(1, top)) for top in (26, 13, 99, 200))


def _shape(dice: random.Random) -> str:
    return "x".join(str(2 ** dice.randrange(3, 12)) for _ in range(dice.choice((3, 4, 5))))


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "ip4": _ip4,
    "ip6": _ip6,
    "port": lambda dice: str(dice.randrange(1024, 65536)),
    "fqdn": _fqdn,
    "label": _label,
    "pod": pod,
    "user": lambda dice: dice.choice(("ubuntu", "ada.lovelace", "svc-gpu", "carol_9")),
    "secret": lambda dice: f"{dice.getrandbits(128):032x}",
    "name": lambda dice: f"conv-{_digest(dice)[:7]}",
    "version": _version,
    "version4": _version4,
    "figure": _figure,
    "number": lambda dice: str(dice.randrange(1024, 65536)),
    "line": lambda dice: str(dice.randrange(1, 65536)),
    "time": lambda dice: f"{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}",
    "digest": _digest,
    "shape": _shape,
    "pointer": lambda dice: f"7f{dice.getrandbits(40):010x}",
    "bus": lambda dice: f"00000000:{dice.randrange(256):02X}:00.0",
}

TEMPLATES = tuple(
    r"""
ssh -p <port> <user>@<ip4>
ssh <user>@<ip4> -p <port> -i ~/.ssh/id_ed25519
ssh <user>@<fqdn> -p <port>
ssh -o Port=<port> -J <user>@<fqdn>:<port> <user>@<ip4>
ssh -p <port> <user>@<fqdn> -L <port>:localhost:<port>
ssh -p<port> <label> nvidia-smi
ssh://<user>@<ip4>:<port>/workspace
ssh: connect to host <ip4> port <port>: Connection refused
ssh: connect to host <label> port <port>: Connection timed out
ssh: Could not resolve hostname <label>: Name or service not known
The authenticity of host '[<fqdn>]:<port> ([<ip4>]:<port>)' can't be established.
Warning: Permanently added '[<ip4>]:<port>' (ED25519) to the list of known hosts.
debug1: Connecting to <fqdn> [<ip4>] port <port>.
debug1: Authenticating to <ip4>:<port> as 'root'
Accepted publickey for root from <ip4> port <port> ssh2: ED25519 SHA256:[[digest]]
Server listening on :: port <port>.
Connection to <fqdn> closed by remote host after [[figure]] s.
kex_exchange_identification: read: Connection reset by <ip6> port <port>
scp -P <port> a.tar.gz <user>@<ip4>:/workspace/
scp -P <port> -r <user>@[<ip6>]:/workspace/runs .
scp: Connection to <label>:<port> failed after [[figure]] s
rsync -avz -e 'ssh -p <port>' csrc/ <user>@<fqdn>:/workspace/csrc/
rsync -az --port=<port> csrc/ <label>:/workspace/
rsync://<fqdn>:<port>/module sent [[figure]] bytes
sshfs -p <port> <user>@<ip4>:/data /mnt
sshfs -o port=<port> <label>:/data /mnt
f3a1b2c4d5e6   vllm/vllm-openai:v[[version]]   Up 3 hours   0.0.0.0:<port>-><port>/tcp, :::<port>-><port>/tcp   vllm
docker run --gpus all -p <port>:<port> -p 127.0.0.1:<port>:<port>/tcp image@sha256:[[digest]]
22/tcp -> <ip4>:<port>
LISTEN 0      4096         <ip4>:<port>      0.0.0.0:*    users:(("python3",pid=[[number]],fd=7))
LISTEN 0      128             [<ip6>]:<port>            [::]:*
ESTAB 0 0 [::ffff:<ip4>]:<port> [::ffff:<ip4>]:<port>
tcp        0      0 <ip4>:<port>      <ip4>:<port>      ESTABLISHED [[number]]/sshd
python3 [[number]] root   12u  IPv4 123  0t0  TCP *:<port> (LISTEN)
RUNPOD_POD_ID=<pod>
RUNPOD_TCP_PORT_22=<port>
RUNPOD_PUBLIC_IP=<ip4>
RUNPOD_POD_HOSTNAME=<pod>-64410af2
RUNPOD_API_KEY=<secret>
RUNPOD_GPU_COUNT=[[number]] RUNPOD_TCP_PORT_8888=<port> RUNPOD_MEM_GB=[[figure]]
declare -x RUNPOD_TCP_PORT_70000="<port>"
pod <pod> started in [[figure]] s
https://<pod>-8888.proxy.runpod.net/lab?token=<secret>
<pod>-64410abc@ssh.runpod.io -i ~/.ssh/id_ed25519
root@<pod>:/workspace# nvcc --version
{"id": "<pod>", "publicIp": "<ip4>", "portMappings": {"22": 1}, "publicPort": <port>, "costPerHr": [[figure]]}
"ports": [{"ip": "<ip4>", "isIpPublic": true, "privatePort": 22, "publicPort": <port>, "type": "tcp"}]
VAST_TCP_PORT_22=<port> PUBLIC_IPADDR=<ip4>
SSH_CONNECTION=<ip4> <port> <ip4> 22
<label>:[[number]]:[[number]] [0] NCCL INFO NET/Socket : Using [0]eth0:<ip4><0>
<label>:[[number]]:[[number]] [3] NCCL INFO cudaDriverVersion 12040, NCCL version [[version]]
<fqdn>:[[number]]:[[number]] [1] NCCL INFO Bootstrap : Using eth0:<ip4><0>
<label>:[[number]]:[[number]] [0] misc/socket.cc:[[line]] NCCL WARN socketStartConnect: Connect to <ip4><1> failed
[W socket.cpp:[[line]]] [c10d] The server socket has failed to listen on [::]:<port> (errno: 98).
[E socket.cpp:[[line]]] [c10d] The client socket has timed out after 60s while trying to connect to (<ip4>, <port>).
[W1122 [[time]].123456789 socket.cpp:[[line]]] [c10d] The client socket has failed to connect to [<label>]:<port> (errno: 111).
torchrun --nnodes 2 --nproc_per_node 8 --master_addr <label> --master_port <port> train.py
MASTER_ADDR=<fqdn> MASTER_PORT=<port> WORLD_SIZE=16
--rdzv_endpoint=<label>:<port> --rdzv_backend=c10d
distributed_init_method=tcp://<ip4>:<port> backend=nccl
[rank0]: torch.distributed.DistStoreError: wait timeout after [[figure]]ms, host=<fqdn>:<port>
INFO 11-22 [[time]] [api_server.py:[[line]]] Starting vLLM API server on http://<ip4>:<port>
INFO:     Uvicorn running on http://0.0.0.0:<port> (Press CTRL+C to quit)
INFO:     <ip4>:<port> - "GET /health HTTP/1.1" 200 OK
http://localhost:<port>/lab?token=<secret>
    or http://a1b2c3d4e5f6:<port>/tree?token=<secret>
[I 2026-11-22 [[time]].123 ServerApp] http://<fqdn>:<port>/lab
requests.exceptions.ConnectionError: HTTPConnectionPool(host='<fqdn>', port=<port>): Max retries exceeded
ConnectionRefusedError: [Errno 111] Connect call failed ('<ip4>', <port>)
<socket.socket fd=[[number]], laddr=('<ip4>', <port>), raddr=('<ip6>', <port>)>
grpc: failed to connect to all addresses; last error: UNAVAILABLE: ipv4:<ip4>:<port>: Connection refused
curl: (7) Failed to connect to <fqdn> port <port> after [[number]] ms
inet6 <ip6>/64 scope global
inet <ip4>/24 brd <ip4> scope global eth0
PING <fqdn> (<ip4>) 56(84) bytes of data. time=[[figure]] ms
Host h100 HostName <ip4> Port <port> User root
jupyter lab --ip=<ip4> --port=<port> --no-browser
python -m http.server --bind <ip4> --port <port>
git clone <user>@<fqdn>:team/kernels.git
export HF_TOKEN=<secret> MAX_TOKENS=[[number]]
python serve.py --model llama --api-key <secret> --max-model-len [[number]] --seed [[number]]
ptxas info    : Used [[number]] registers, [[number]] bytes cmem[0], used 1 barriers
csrc/attention.cu:[[line]]: error: identifier "foo" is undefined
/usr/include/c++/13/bits/stl_vector.h:[[line]]:[[line]]: note: std::vector<at::Tensor> c10::add(cute::Shape)
csrc/attention.cu([[line]]): warning #177-D: variable "x" was declared
nvcc: NVIDIA (R) Cuda compiler driver, release [[version]], V[[version]], Build cuda_12.4.r12.4/compiler.[[number]]
==PROF== Connected to process [[number]] (/usr/bin/python3.11)
==PROF== Profiling "attention" - 0: 0%....50%....100% - [[number]] passes
    sm__cycles_elapsed.max       cycle        [[figure]]
Version 2025.1.0.0 (build [[number]]) (public-release)
    dram__bytes.sum.per_second Gbyte/s [[figure]], gpu__time_duration.sum us [[figure]]
Collecting nvidia-cudnn-cu12==[[version4]] (from torch==[[version]])
nvidia-cublas-cu12           [[version4]]
Downloading nvidia_cudnn_cu12-[[version4]]-py3-none-manylinux2014_x86_64.whl (664.8 MB)
Successfully installed torch-[[version]] triton-[[version]] nvidia-cusparse-cu12-[[version4]]
cuDNN version [[version4]], CUDA [[version4]], TensorRT [[version4]], driver [[version]]
ii  libcudnn8   [[version4]]-1+cuda12.2   amd64
Driver Version: [[version]]  CUDA Version: [[version]]  GPU [[bus]]  Temp [[number]]
B=16 H=96 S=512 D=64: [[shape]] took [[figure]] us, [[figure]] TFLOPS at [[time]]
sha256:[[digest]]  build key [[digest]] snapshot [[digest]]
step [[number]]/[[number]] loss [[figure]] tokens/s [[figure]] batch:[[number]] seq_len:[[number]] --ports [[figure]]
torch.nn.functional.scaled_dot_product_attention: [[figure]] ms, torch.cuda.max_memory [[number]]
File "/usr/lib/python3.11/site-packages/torch/nn/modules/module.py", line [[line]], in _call_impl
2026-11-22T[[time]] rank 3 tile [[shape]] stages 4 ports used: 12, x[::2], y[:, 1::2], a[0:[[number]]]
"portMappings": {"22": <port>, "8888": <port>}, "gpuCount": [[number]]
"ports": {"22/tcp": <port>} memory [[number]] MiB
exec 3<>/dev/tcp/<ip4>/<port>; listening on <port>, tcp/<port>, udp:<port>, in [[figure]] s
<ip4> (<port>) and <ip4>#<port> answered after [[figure]] ms, layer 1024->512, tcp 0 0 x
<utils.Measurement object at 0x[[pointer]]> at Section [[version4]], cudnn_version=[[version4]]
tile_mn=([[number]],[[number]]) ('batch', [[number]]) (fp16, [[number]]) 27C@[[number]]MHz r.stderr[:200]:[[number]]
[<label>]:<port> ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKabcdefghij
[rank0]:[[number]] tokens, [INFO]:[[number]] steps, ProxyJump hops: [[figure]], asm volatile("{\n@p bra L[[line]];}")
bind(('::', <port>, 0, 0)) failed in [[figure]] s; ('<label>', <port>) next
bench <fqdn> [[figure]] us, [[shape]], torch [[version]] at [[time]]
""".strip().splitlines()
)
