"""What --debug prints may be sent to strangers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.values.privacy import redaction
from orchestrator.values.privacy.redaction import redacted, redactor
from tests.model import redaction_lines

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
POD = "k3j5h2gqfzd6s7"
HIDE = redactor({}, ())
ENVIRON = {
    "HOME": "/home/ada",
    "RUNPOD_API_KEY": "plainlooking0123",
    "SHORT_TOKEN": "abc",
    "EDITOR": "harmless-editor",
}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("pod (203.0.113.7:34446) refuses", "pod ((address)) refuses"),
        ("port 34446 on 203.0.113.7", "port (hidden) on (address)"),
        ("ssh root@203.0.113.7 -p 1", "ssh (address) -p (hidden)"),
        ("root@[2001:db8::7]:22", "(address)"),
        ("root@a43ca63:22, me@a43ca63.box, me@deadbee", "(address), (address), (address)"),
        ("root@a43ca63:~# ssh ubuntu@a43ca63", "(address):~# ssh (address)"),
        ("scp me@a43ca63:/x git@a43ca63:k.git .", "scp (address):/x (address):k.git ."),
        (
            "at 2001:db8:0:0:1:2:3:4, at fe80::1 and at ::1",
            "at (address), at (address) and at (address)",
        ),
        ("/home/ada/.ssh/id and /home/adam/x", "~/.ssh/id and /home/adam/x"),
        ("key plainlooking0123!", "key ***!"),
        ("Authorization: Bearer rpa_5ECRET0123456789", "Authorization: Bearer ***"),
        ("HF_TOKEN=hf_abcdefgh123", "HF_TOKEN=***"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----.", "***."),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE…", "***"),
        ("gpu.example.org:22 and gpu.example.org", "(private) and (private)"),
        ("at GPU.Example.org", "at (private)"),
        # Ports, wherever they stand
        ("scp -P 22042 a b", "scp -P (hidden) a b"),
        ("ssh -p22042 -oPort=22 h100.box", "ssh -p(hidden) -oPort=(hidden) (address)"),
        ("ssh -fNp 22042 me@h100.box", "ssh -fNp (hidden) (address)"),
        ("scp -rqP 22042 a b; ssh -4tp22042", "scp -rqP (hidden) a b; ssh -4tp(hidden)"),
        ("ssh -p  22042 me@h100.box", "ssh -p  (hidden) (address)"),
        ("nc 203.0.113.7 22042 < a", "nc (address) (hidden) < a"),
        ("ncat ::1 22042 | b", "ncat (address) (hidden) | b"),
        ("--port=8000 --port 8000 Port 22042", "--port=(hidden) --port (hidden) Port (hidden)"),
        ("RUNPOD_TCP_PORT_22=22042", "RUNPOD_TCP_PORT_22=(hidden)"),
        ('{"publicPort": 22042}', '{"publicPort": (hidden)}'),
        ("'[203.0.113.7]:22042'", "'(address)'"),
        ("(address):22042 and ***:22042", "(address) and ***"),
        ("0.0.0.0:22042->22/tcp, :::22042->22/tcp", "(address), (address)->(hidden)/tcp"),
        ("listening on :8080, *:22042", "listening on :(hidden), (address)"),
        ("('203.0.113.7', 22042)", "((address))"),
        ("ssh -L 8888:localhost:8888 x", "ssh -L (hidden) (address)"),
        ("docker run -p 8888:8888 image", "docker run -p (hidden) image"),
        ("telnet gpubox 22042", "telnet (address) (hidden)"),
        ("eth0:10.0.0.5<45123>", "eth0:(address)"),
        ("203.0.113.7_22042.log", "(address).log"),
        ('"portMappings": {"22": 22042}', '"portMappings": {(hidden)}'),
        ('{"22/tcp": 22042}', '{"(hidden)/tcp": (hidden)}'),
        ("3<>/dev/tcp/203.0.113.7/22042", "3<>/dev/tcp/(address)"),
        ("listening on 22042, tcp/22042", "listening on (hidden), tcp/(hidden)"),
        ("203.0.113.7 (22042), 203.0.113.7#53", "(address), (address)"),
        # A colour between an address and its port, and before it
        ("\x1b[32m203.0.113.7\x1b[0m:\x1b[1m22042\x1b[0m", "(address)"),
        ("\\x1b[1mhttp://0.0.0.0:8000\\x1b[0m", "http://(address)"),
        # Names of machines
        ("ssh://root@box.example.net:22042/w", "ssh://(address)/w"),
        ("ec2-1-2-3-4.compute-1.amazonaws.com", "(address)"),
        ("ip-10-0-0-5 says", "(address) says"),
        (
            f"https://{POD}-8888.proxy.runpod.net/lab?token=abcdef",
            "https://(address)/lab?token=***",
        ),
        ("ssh4.vast.ai:12345", "(address)"),
        ("vm7.westeurope.cloudapp.azure.com", "(address)"),
        ("a.us-central1-a.c.p-1.internal", "(address)"),
        ("tcp://node-7:29500 [node-7]:29500", "tcp://(address) (address)"),
        ("node-7:12:34 [0] NCCL INFO", "(address):12:34 [0] NCCL INFO"),
        ("ssh: connect to host box port 22", "ssh: connect to host (address) port (hidden)"),
        ("Could not resolve hostname box: x", "Could not resolve hostname (address): x"),
        ("rsync -a x box:/w", "rsync -a x (address):/w"),
        ("authenticity of host '[quietbox]:22042 (", "authenticity of host '(address) ("),
        ("[quietbox]:22042 ssh-rsa x", "(address) ssh-rsa x"),
        # A sentence goes on behind an address
        ("fail for 2606:4700::6810:1: x", "fail for (address): x"),
        ("2001:db8:1:2:3:4:5:6: x", "(address): x"),
        # Ports behind other signs
        ("Local connections to LOCALHOST:8890 x", "Local connections to (address) x"),
        ("[fe80::1c2:ff:fe3a:9b01]%eth0:546", "[(address)"),
        ("(box.acme.com)|203.0.113.7|:8000... x", "((address))|(address)... x"),
        ("ssh -NfL 16006:localhost:6006 x", "ssh -NfL (hidden) x"),
        ("docker run --publish 9000:9000 x", "docker run --publish (hidden) x"),
        (
            "os.environ['MASTER_PORT'] = '29500', PORT0=8000",
            "os.environ['MASTER_PORT'] = '(hidden)', PORT0=(hidden)",
        ),
        (
            "iptables --dport 22042; ss 'sport = :22042'",
            "iptables --dport (hidden); ss 'sport = :(hidden)'",
        ),
        ("lsof -t -i:8888; lsof -iTCP:22042", "lsof -t -i:(hidden); lsof -iTCP:(hidden)"),
        ("TCP-LISTEN:2222,fork; ports 8000-8010", "TCP-LISTEN:(hidden),fork; ports (hidden)"),
        # Machines where syslog, Slurm, JSON and ssh always name them
        (
            "Nov  8 09:14:22 box kernel: NVRM: Xid 79",
            "Nov  8 09:14:22 (address) kernel: NVRM: Xid 79",
        ),
        ("2026-11-08T09:14:22Z box sshd[81]: x", "2026-11-08T09:14:22Z (address) sshd[81]: x"),
        ("srun: error: gpu17: task 3: Killed", "srun: error: (address): task 3: Killed"),
        ("*** JOB 22117 ON gpu17 CANCELLED", "*** JOB 22117 ON (address) CANCELLED"),
        ("NodeName=gpu17 Arch=x86_64", "NodeName=(address) Arch=x86_64"),
        ('{"hostname": "quietbox", "gpus": 8}', '{"hostname": "(address)", "gpus": 8}'),
        ('ssh -o "ProxyJump a@b.acme.com" quietbox', 'ssh -o "ProxyJump (address)" (address)'),
        ('"machineId":"8xk2m4qz40ts"', '"machineId":"(pod)"'),
        # Pods, also as parts of names
        (f"RUNPOD_POD_ID={POD}", "RUNPOD_POD_ID=(private)"),
        (f"pod {POD} and {POD}_x", "pod (pod) and (pod)_x"),
        # IPv6 in all its forms
        (
            "fe80::1%eth0 2001:DB8::/32 [::1] ::ffff:1.2.3.4",
            "(address) (address) [(address)] (address)",
        ),
        ("http://[2001:db8::1]:8000/x", "http://(address)/x"),
        # Secrets that only their name gives away
        ("--api-key abcdefgh --lr 0.1", "--api-key *** --lr 0.1"),
        ("PASSWORD=1234 'token': 'abcdefgh'", "PASSWORD=*** 'token': '***'"),
    ],
)
def test_what_strangers_must_not_read_is_masked(text: str, safe: str) -> None:
    assert redacted(text, ENVIRON, {"gpu.example.org"}) == safe


def test_a_known_pod_is_hidden_in_every_name_it_is_part_of() -> None:
    text = "20261122-101530-abcdefghijklm1-bench, abcdefghijklm1.log, RUN_abcdefghijklm1"
    safe = "20261122-101530-(pod)-bench, (pod).log, RUN_(pod)"
    assert redacted(text, {"RUNPOD_POD_ID": "abcdefghijklm1"}) == safe
    assert redacted(text, {}, {"abcdefghijklm1"}) == safe
    assert redacted(text, {}) == text


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(st.integers(0, 2**40))
def test_of_a_thousand_lines_of_real_tools_nothing_private_is_left_and_no_figure_lost(
    seed: int,
) -> None:
    line = redaction_lines.line(seed)
    safe = HIDE(line.text)
    left = [one for one in line.secrets if redaction_lines.stands_in(one, safe)]
    lost = [one for one in line.facts if not redaction_lines.stands_in(one, safe)]
    assert (left, lost) == ([], []), f"{line.text}\n{safe}"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2**40))
def test_what_was_masked_once_stays_as_it_is(seed: int) -> None:
    safe = HIDE(redaction_lines.line(seed).text)
    assert HIDE(safe) == safe


def test_every_template_of_lines_was_met() -> None:
    lines = {redaction_lines.line(seed).text.split()[0] for seed in range(3000)}
    assert len(lines) > 60


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples of real output beside this checkout")
def test_the_log_whose_ports_were_left_has_none() -> None:
    text = (SAMPLES / "failing" / "log-with-address-and-port.log").read_text()
    safe = HIDE(text)
    assert "22042" in text
    assert "22042" not in safe
    assert "203.0.113.7" not in safe


def test_a_private_key_is_hidden_in_a_log_that_comes_line_by_line() -> None:
    mask = redaction.line_gate()
    log = ["before", "-----BEGIN OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1rZXk=", "", "AAAA", "-----END OPENSSH PRIVATE KEY-----", "after 12.5 us"]  # fmt: skip
    assert [mask(line) for line in log] == [
        "before",
        "***",
        "***",
        "",
        "***",
        "***",
        "after 12.5 us",
    ]
    assert [mask(line) for line in [log[1], "b3Bl", "no key at all: 5 us"]] == ["***", "***", "no key at all: 5 us"]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "abc harmless-editor",
        'File "orchestrator/cli/app.py", line 117, in run',
        "driver 580.82.07, torch 2.13.0+cpu, 12:34:56, 1.2.3.4.5",
        "std::vector<float>",
        "my-gpu.example.org.uk-west",
        "SHA256:k3Vr9EoPCp2iNn9nzpp1sX9Q",
        "exit 255",
        # Four numbers that are a version
        "nvidia-cudnn-cu12==9.1.0.70, nvidia-cublas-cu12    12.4.5.8",
        "nvidia_cudnn_cu12-9.1.0.70-py3-none-manylinux2014_x86_64.whl",
        "CUDA 10.2.89.1, cuDNN 8.9.7.29, ncu 2025.1.0.0, Version 2024.3.2.0 (build 1)",
        "libcudnn8 8.9.7.29-1+cuda12.2, libcudart.so.10.2.89.1, VBIOS 96.00.74.00.01",
        "opencv-python            4.10.0.84, Linux-5.15.153.1-microsoft-standard-WSL2",
        # What only looks like a line of syslog or Slurm, or like a name
        "2026-11-28T09:14:22 ERROR engine[12]: failed",
        "srun: error: Unable to allocate, NodeList=(null), EXPORT=1 SUPPORT=8000",
        'hostname = socket.gethostname(), "hostname": null, HostName = Annotated[str]',
        "ab::cd: note, a[1::2]: 7",
        # Line numbers, counts and times
        "file.cu:22042: error: x; kernel.cuh:120:13: note; socket.cpp:752]",
        "--ports 16, ports: 4, report 12, support 90, import 8192, port 1",
        "xargs -P 8; ps -p 22042; make -j 8; -p 0.5",
        "12:30:45.123, 1:02:03, 16:9, batch:16 seq_len:8192 max_tokens=8192 tokens: 4096",
        "16x8x512x64, 16x8x1024x64x2, m64n256k16f16a, i8gemm32x32x16, sm_90a",
        'object at 0x7f395b6ac110, __version__ = "3.5.0.1", (~= 1.4.5.0), Section 4.10.22.7',
        "TransportKind.LOCAL, session.host(name), cta.threads.at(1), orchestrator.values.host",
        "tcp 101, banner 22; layer 1024->512; ports of call: 12; running on 1024 cores",
        "bus 00000000:81:00.0 and 0000:81:00.0",
        "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
        "image@sha256:3fabc, numpy@1.26.4, recall@10, memcpy@GLIBC_2.14",
        "mine@a43ca63 and sparsek@21c4b67, providers/mine@2c4b670/mine.py:4, against mine@fd09a1e.",
        # C++, Python and metrics
        "c10::add(at::Tensor), std::dec, fe::graph, ab::cd, cafe::beef, ::operator",
        "x[::2], y[:, ::2], z[1::3], r.stderr[:200]:1, [rank0]:12345 tokens",
        "(128,128), (12:30:45, 100), ('batch', 8192), (fp16, 32), 27C@1965MHz, '\\n@p bra'",
        "torch.nn.functional, threading.local, self.net, sm__throughput.avg.pct_of_peak",
        "https://developer.nvidia.com/ERR_NVGPUCTRPERM, github.com, download.pytorch.org",
        "==PROF== Connected to process 36055 (/usr/bin/python3.11)",
        "orchestrator profile --host h100 --heads 96",
        "keyboard: 101, per token: 3.2 ms, the password must be long, bos_token: '<s>'",
        "\x1b[31mred\x1b[0m words",
    ],
)
def test_what_helps_to_understand_an_error_stays(text: str) -> None:
    assert redacted(text, ENVIRON, {"gpu.example.org"}) == text


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "a:",
        "a@",
        "@",
        ".",
        "1.",
        "::",
        "-----BEGIN PRIVATE KEY-----",
        "hf_",
        "1:",
        "-",
        "a-",
        "a_",
        "A_",
        "1-",
        "[",
        "(",
        "ssh -p 1 ",
        "port ",
        "token=",
        "http://",
        "host: ",
    ],
)
def test_no_text_however_odd_takes_long(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.process_time()
    redacted(text, ENVIRON, {"gpu.example.org"})
    assert time.process_time() - began < 2
