"""Text without ports that stand alone, and without names that words around them call hosts."""

from __future__ import annotations

import re

from orchestrator.values.privacy.hidden_addresses import ADDRESS

HIDDEN = "(hidden)"
_NUMBER = r"\d{2,5}(?!\w|[.,]\d)"

# --port=8000, Port 22, "publicPort": 22042, RUNPOD_TCP_PORT_22=22042, port number 22; not import 8.
_NAMED = re.compile(
    r"(?<![A-Za-z])((?:[A-Za-z0-9_-]{0,40}[_-])?(?:[ds]?port|PORT|Port)(?:_?\d{1,5})?|[a-z]{1,20}Port"
    r"|[A-Z][a-z]{1,20}Port)"
    rf"(\\?[\"']?\]?\s{{0,2}}[=:]\s{{0,2}}\\?[\"']?|\s(?:is |number |no\.? ?|#)?|\s?#)({_NUMBER})"
)
_PLURAL = re.compile(
    r"((?<![A-Za-z-])[Pp]orts?(?:\(s\))?[\"']?\s{0,2}[=:]?\s{0,2}[\[(\"']{0,2})"
    r"(\d{4,5}(?:(?:, ?| |-|/(?:tcp|udp|http),? ?| and )\d{2,5})*(?![\w.]))"
)
# {"22": 22042} and "22/tcp": 22042 of RunPod's and Docker's answers
_MAPPINGS = re.compile(r"(\b[Pp]ort_?[Mm]appings?\\?[\"']?\s{0,2}[=:]\s{0,2}[{\[])[^}\]\n]{1,400}")
_MAPPED_TO = re.compile(r"(/(?:tcp|udp|http)\\?[\"']?\s?[=:]\s?\\?[\"']?)\d{2,5}(?!\w|\.\d)")
_DEVICE = re.compile(r"(/dev/(?:tcp|udp)/)[\w.:-]{1,253}/\d{1,5}")
_OF_PROTOCOL = re.compile(r"(\b(?:tcp|udp|TCP|UDP)(?:[46]?-LISTEN)?[/:])\d{2,5}(?![\w.:])")
_PROTOCOL = re.compile(r"(?<![\w.])(?:\d{1,5}:)?\d{1,5}(?=/(?:tcp|udp|TCP|UDP|http)\b)")
# The options of ssh, scp and docker, unless the line is of a program that means processes by them.
_OPTION = re.compile(r"(?<![\w-])(-[pP]|--publish)([ =]?)(\d{1,5}(?::\d{1,5})?)(?![\w.:])")
_OF_SHELLS = re.compile(
    r"\b(?:ssh|scp|sftp|sshfs|rsync|mosh|autossh|docker|podman|nerdctl|sshd|dropbear)\b"
)
_OF_PROCESSES = re.compile(
    r"\b(?:xargs|parallel|ps|top|htop|pgrep|pkill|taskset|chrt|renice|strace|gdb|lsof|make|perf|py-spy)\b"
)
_FORWARD = re.compile(
    r"(?<![\w-])(-[46AaCfgKkNnqTtvXxYy]{0,6}[LRW] ?)(?:[\w.*()-]{1,80}:)?\d{2,5}:[\w.()-]{1,253}"
    r"(?::\d{2,5})?(?!\w)"
)
_SOCKS = re.compile(r"(\bssh\b[^\n]{0,200}? -D ?|\bautossh\b[^\n]{0,200}? -M ?)\d{2,5}\b")
# ssh -fNp 22042 and ssh -p  22042: behind options that take no value, or two blanks
_BUNDLED = re.compile(
    r"(\b(?:ssh|scp|sftp|autossh)\b[^\n]{0,200}? -[46ACfgkNnqrTtvXY]{0,8}[pP] {0,3})"
    r"\d{2,5}(?![\w.:])"
)
_FORWARDED = re.compile(r"(\bport-forward\b[^\n]{0,120}? )\d{2,5}(?::\d{2,5})?\b")
_TELNET = re.compile(
    r"(\b(?:telnet|nc|ncat|netcat)(?: -\w+)* )(?=\d*[A-Za-z.:\[])"
    r"([\w\[:][\w.:%\]-]{0,253}) \d{2,5}\b"
)
_ONWARD = re.compile(r"(\((?:address|private)\) ?-> ?)\d{2,5}\b")
_EVERY = re.compile(r"(?<![\w*.)])\*:\d{2,5}(?![\w:.])")
# What lsof and ss are asked for: -i :22042, -iTCP:22042, sport = :22042
_ASKED = re.compile(
    r"(\blsof\b[^\n]{0,80}? -i ?(?:TCP|UDP|tcp|udp)?|\b[ds]port ?= ?):\d{2,5}(?!\d)"
)
_LISTENING = re.compile(
    r"(?i)\b((?:listening|serving|running|bound|bind|started|addr(?:ess)?)[ =](?:on |at |to )?:"
    r"|(?:listening|bound|exposed|published) (?:on|to|at) (?=\d{4}))\d{2,5}(?![\w:]|\.\d)"
)
_BEHIND = re.compile(
    r"(\((?:address|private|pod)\)|\*{3})(?:\]?(?:%[\w.-]{1,15})?|\|)"
    r"(?:(?: ?:\d{1,5}){1,2}(?:/(?:tcp|udp)\b)?"
    r"|<\d{1,5}>|#\d{2,5}| ?\(\d{4,5}\))"
    r"(?![\w:])(?! \[\d+\] (?:[\w./-]{1,80}:\d+ )?NCCL )"
)
_BESIDE = re.compile(
    r"(\((?:address|private)\))[ ,\t](\d{2,5})(?= port\b| \[|,? *$|: )", re.MULTILINE
)
_MAPPED = re.compile(r"(?m)^(\s*- [\"']?)\d{2,5}:\d{1,5}(?=[\"']?\s*$)")
_EXPOSED = re.compile(r"(?m)^(\s*EXPOSE) [\d /tcpud]{2,80}$")
# Strong words: what follows is a host, whatever it looks like.
_TOLD = re.compile(
    r"(\bconnect to host |\bresolve hostname |\bauthenticity of host ['\"]?|\b[Hh]ost key for "
    r"|\bPermanently added ['\"]?|\bPseudo-terminal.{0,20}? to |^\s*ProxyJump "
    r"|\bProxyJump=|^\s*HostName |\bHostName="
    r"|\bNo route to host |\b[Hh]ost_?[Nn]ame\\?['\"]?\s?[:=]\s?"
    r"(?!(?:str|null|None)\b|[\w.]{1,100}[(\[])\\?['\"]?|--(?:master|node)[_-]addr[ =]"
    r"|\b(?:master_addr|rdzv_endpoint)[ =:]{1,3}['\"]?|--rdzv[_-]endpoint[ =])"
    r"(?!\()(?:\[[\w.%-]{2,253}\]|[\w.%-]{2,253})(?::\d{1,5}\b)?",
    re.MULTILINE,
)
_TELLING = ("host", "addr", "permanently", "pseudo-terminal", "proxyjump", "endpoint")
_CLOSED = re.compile(
    r"(\b[Cc]onnect(?:ion|ed|ing) to )(?!process\b)([\w.-]{2,253})"
    r"(?= (?:closed|port\b|\d+ port|\[)|:\d)(?::\d{1,5})?"
)
# Lines of uname -a, srun and pdsh: the machine's name stands where it always does.
_UNAME = re.compile(r"(\bLinux )(?!\()[\w.-]{1,253}(?= \d+\.\d+\.\d+\S* #\d)")
_TASK = re.compile(
    r"((?:^|\bsrun: |\(address\): ))"
    r"(?:(?:node|worker|login|compute|dgx|hgx|host|gpu-[a-z]+\d*-)[\w-]{0,40}\d)(?=: )",
    re.MULTILINE,
)
# Lines of syslog and the kernel's log: time, machine, who speaks. INFO and the like are no machine.
_SYSLOG = re.compile(
    r"^((?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{0,15}) )"
    r"(?![A-Z]{1,20} )[A-Za-z0-9][\w.-]{0,62}(?= (?:kernel|[\w.@/-]{1,60}\[\d+\]): )",
    re.MULTILINE,
)
_SLURM = re.compile(
    r"(\bsrun: error: (?=[\w.-]{0,62}\d[\w.-]{0,20}:)|\b(?:JOB|STEP) [\d.]+ ON "
    r"|\b(?:NodeName|NodeList|BatchHost|NodeHostName|NodeAddr)=)(?!\()[\w.,-][\w.\[\],-]{1,253}"
)
_POOL = re.compile(r"(\bhost=)([\"'])[^\"'\n]{1,253}\2(?=, ?port)")
_VARIABLE = re.compile(
    r"((?<![A-Za-z0-9])(?:[A-Z0-9_]{0,60}_)?(?:HOSTNAME|HOST|MASTER_ADDR|IP_?ADDR(?:ESS)?|ADDR|PUBLIC_IP|IP"
    r"|POD_ID|POD_NAME|ENDPOINT_ID|NETWORK_VOLUME_ID|CONTAINER_ID|CONTAINERLABEL|NODELIST|NODENAME"
    r"|SSH_CLIENT|SSH_CONNECTION)['\"]?(?:=|: )['\"]?)(?![/<(\[\s'\"]|0x)([^\s'\",;]+)"
)
_CONNECTION = re.compile(r"(\bSSH_(?:CLIENT|CONNECTION)['\"]?(?:=|: )['\"]?)[^'\"\n]{3,120}")
_SSH_VALUE = r"(?:[^\s'\"-][^\s'\"]{0,200}|\"[^\"\n]{1,200}\"|'[^'\n]{1,200}')"
_SSH_OPTION = rf"(?:[46AaCfGgKkMNnqsTtVvXxYy]{{1,8}}|[bcDEeFIiJLlmOopQRSWw] ?{_SSH_VALUE})"
_DESTINATION = re.compile(
    rf"(\bssh(?: -{_SSH_OPTION}){{1,8}} )(?!\()([A-Za-z][\w.-]{{0,253}})(?=\s|$)"
)
_WITH_VALUE = re.compile(r" -[bcDEeFIiJLlmOopQRSWw] ?[^\s-]")
_COPY = re.compile(r"((?:^|\s)[\"']?)([A-Za-z0-9][\w.-]{0,253}):(?=/(?!/)|~)")
_COPIES = re.compile(r"\b(?:scp|rsync|sftp|sshfs)\b")


def without_named_hosts(text: str) -> str:
    """`text` without names that the words around them call hosts or pods; before all addresses."""
    lowered = text.lower()
    if "/dev/" in text:
        text = _DEVICE.sub(rf"\1{ADDRESS}", text)
    if "SSH_C" in text:
        text = _CONNECTION.sub(rf"\1{ADDRESS}", text)
    text = _VARIABLE.sub(r"\1(private)", text)
    if any(word in lowered for word in _TELLING):
        text = _TOLD.sub(rf"\1{ADDRESS}", text)
    text = _CLOSED.sub(rf"\1{ADDRESS}", text)
    text = _TASK.sub(rf"\1{ADDRESS}", _UNAME.sub(rf"\1{ADDRESS}", text))
    text = _SYSLOG.sub(rf"\1{ADDRESS}", text)
    if "srun" in text or " ON " in text or "Node" in text or "BatchHost=" in text:
        text = _SLURM.sub(rf"\1{ADDRESS}", text)
    if "host=" in text:
        text = _POOL.sub(rf"\1\2{ADDRESS}\2", text)
    if "telnet" in text or "nc" in text or "netcat" in text:
        text = _TELNET.sub(rf"\1{ADDRESS} {HIDDEN}", text)
    if "ssh" in text:
        text = _DESTINATION.sub(_destination, text)
    if ":" in text and _COPIES.search(text):
        text = _COPY.sub(rf"\1{ADDRESS}:", text)
    return text


def _destination(found: re.Match[str]) -> str:
    # Options that take a value stand in commands; without them it may be prose.
    return f"{found[1]}{ADDRESS}" if _WITH_VALUE.search(found[1]) else found[0]


def without_ports(text: str) -> str:
    """`text` without ports, after its addresses were hidden."""
    if "tcp" in text or "udp" in text or "TCP" in text or "http" in text:
        text = _MAPPED_TO.sub(rf"\1{HIDDEN}", _OF_PROTOCOL.sub(rf"\1{HIDDEN}", text))
    text = _ONWARD.sub(rf"\1{HIDDEN}", _PROTOCOL.sub(HIDDEN, text))
    if "ort" in text or "ORT" in text:
        text = _MAPPINGS.sub(rf"\1{HIDDEN}", text)
        text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
        text = _FORWARDED.sub(rf"\1{HIDDEN}", _PLURAL.sub(rf"\1{HIDDEN}", text))
    if "-" in text:
        text = _OPTION.sub(_option, text)
        text = _BUNDLED.sub(rf"\1{HIDDEN}", text)
        text = _SOCKS.sub(rf"\1{HIDDEN}", _FORWARD.sub(rf"\1{HIDDEN}", text))
        text = _MAPPED.sub(rf"\1{HIDDEN}", text)
    if ":" in text:
        text = _EVERY.sub(ADDRESS, text)
        text = _ASKED.sub(rf"\1:{HIDDEN}", text)
    text = _LISTENING.sub(rf"\1{HIDDEN}", text)
    if "EXPOSE" in text:
        text = _EXPOSED.sub(rf"\1 {HIDDEN}", text)
    return _BESIDE.sub(rf"\1 {HIDDEN}", _BEHIND.sub(r"\1", text))


def _option(found: re.Match[str]) -> str:
    start = found.string.rfind("\n", 0, found.start()) + 1
    line = found.string[max(start, found.start() - 300) : found.end() + 100].partition("\n")[0]
    shells = _OF_SHELLS.search(line) or ADDRESS in line
    if not shells and (_OF_PROCESSES.search(line) or int(found[3].split(":")[0]) < 1024):
        return found[0]
    return f"{found[1]}{found[2]}{HIDDEN}"
