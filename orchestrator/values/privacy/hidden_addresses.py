"""Text without addresses: IPv4 and IPv6 in all forms, users, names of machines, their ports.

What is hidden is decided by what stands around it, and a doubt hides: `10.2.89.1` is a version
behind `cudnn==` and an address elsewhere. No pattern takes more than linear time.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from orchestrator.values.privacy.host_names import DOTTED, is_machine, is_public

ADDRESS = "(address)"

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4_FORM = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
# What follows an address: docker's ranges and arrows, NCCL's <port>, two ports of `docker run -p`.
_PORTS = (
    r"(?:%[\w.-]{1,15})?(?:(?::\d{1,5}(?:-\d{1,5})?){1,2}(?:->\d{1,5}(?:-\d{1,5})?)?"
    r"(?:/(?:tcp|udp)\b)?|:\*|<\d{1,5}>)?"
)
_IPV4 = re.compile(
    rf"(?<![A-Za-z0-9.])({_IPV4_FORM})(?![A-Za-z0-9]|\.\w)(_\d{{4,5}}(?!\w)|{_PORTS})"
)
_TCPDUMP = re.compile(rf"(?<=\bIP )({_IPV4_FORM})\.\d{{1,5}} > ({_IPV4_FORM})\.\d{{1,5}}(?=:)")
_IPV6 = re.compile(
    rf"(?<![\w.:])((?:[0-9A-Fa-f]{{0,4}}:){{2,7}}(?:{_IPV4_FORM}|[0-9A-Fa-f]{{1,4}})?)"
    r"(?:%[\w.-]{1,15})?(?!\w|:[\w:]|\.\d)(?:/\d{1,3}\b)?"
)
_EVERY_IPV6 = re.compile(
    r"(?<![\w:])(?::::\d{1,5}(?![\w:])|\[::\](?::(?:\d{1,5}|\*))?|::(?= port\b))"
)
_MAC = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:-])")

# What makes four numbers a version: the word before them, or what a package's name has behind.
_VERSION_BEFORE = re.compile(
    r"(?:[=!]=|[<>~]=\s?|(?:(?<![A-Za-z])(?i:section|versions?|ver\.?|release|build|toolkit|driver|cuda|cudnn|nccl|tensorrt"
    r"|ncu|nsys|nvcc|gcc|cmake|vbios|firmware|fw|python|torch|triton|cutlass"
    r"|nsight(?: compute| systems)?|cu(?:blas|blaslt|fft|sparse|sparselt|solver|rand|dnn)"
    r"|nvjitlink|requires|revision)_{0,2}"
    r"|\b(?:lib|nvidia-|cuda-|python3?-|opencv-)[\w.+:-]{1,40})[\"']?"
    r"(?:\s{0,3}[:=,]?\s{1,40}|[=:_/@-]|)[\"'(v]{0,2}|\(from [^\n]{1,60}\) \()\Z"
)
_VERSION_BEHIND = re.compile(
    r"\+cu|_(?:cuda|linux|x86|amd64|arm64)|-(?:microsoft|generic)\b|\.post|\.dev|\.so|-(?:py|cp|cu|linux|manylinux|\d+\+|\d*ubuntu|\d+(?:\.|\b(?!\.)))|rc\d"
    r"| \(build|\.(?:tar|whl|deb|run|rpm)\b"
)
_NO_VERSION_BEHIND = re.compile(r"-\d{1,3}\.\d{1,3}\.")

_USER = r"[\w.+-]{1,64}(?::[^\s@/:]{1,64})?"
_USER_AT_HOST = re.compile(
    rf"(?<![\w.+\\-]){_USER}@(\[[\da-fA-F:.%\w-]{{2,60}}\]|\w[\w.-]{{0,253}})(?::\d{{1,5}}\b(?![.-]?\w))?"
)
# name@2.4.1, recall@10, image@sha256:…, memcpy@GLIBC_2.14, an SSH algorithm's owner
# 27C@1965MHz
_NO_HOST = re.compile(
    r"\d{1,6}(?:\.\d+)?[A-Za-z]{1,4}|"
    r"v?\d{1,4}(?:\.\d+){0,2}(?:[-+.]?(?:rc|dev|post|a|b|cu|alpha|beta)[\w.+-]*)?\.?"
    r"|(?:sha\d{1,3}|md5)|(?:GLIBC|GLIBCXX|CXXABI|GCC|OPENSSL)_[\w.]+|(?:openssh\.com|libssh\.org)\.?"
)
# mine@a43ca63, a provider as it was at a commit (--against): with a figure in it, as seven letters
# may be a name, and without a port. Docker's names of machines are longer. Who is called as an
# account is, or has a folder behind a colon, is somebody at a machine all the same.
_A_COMMIT = re.compile(r"[^:]*@(?=[a-f]*\d)[\da-f]{7}\.?")
_AN_ACCOUNT = re.compile(r"(?:root|admin|user|git|ubuntu|debian|centos|opc|ec2-user|azureuser)@")
_NETWORK = (
    r"https?|wss?|s?ftps?|ssh|scp|rsync|sshfs|git\+ssh|git\+https?|tcp|udp|tls|grpcs?|ray|redis|rediss|nats|amqp"
    r"|vnc|rdp|socks[45]?|zmq|ucx|postgres(?:ql)?|mysql|mongodb|nfs|smb|telnet"
)
_URL = re.compile(
    rf"(?<![A-Za-z0-9+])((?i:{_NETWORK})://)([^\s/@'\"<>]{{1,200}}@)?"
    r"(\[[\w:.%]{0,60}\]|[A-Za-z0-9_][\w.-]{0,253}|\*)?(:\d{1,5}\b)?"
)
# [host]:22 and ('host', 22); what stands there may be any word, so it is looked at.
_IN_BRACKETS = re.compile(r"\[([\w.:%-]{2,255}|\(address\))\]:\d{1,5}(?![\w.])")
_KNOWN_HOST = re.compile(r"\[[\w.-]{2,255}\]:\d{1,5}(?=[ ,](?:\S{1,255} )?(?:ssh-|ecdsa-|sk-))")
_PAIR = re.compile(r"(?<=\()([\"']?)([\w.:%-]{2,255})\1, ?\d{2,5}(?=[,)])")
_DOTTED = re.compile(
    rf"(?<![\w.@/-])({DOTTED})(\.?:\d{{1,5}}\b(?![.:]\w))?(?![\w(-]|\.\w| import\b)"
)
# One label alone is a machine's name where a port stands behind it and it looks like one.
_LABEL_FORM = (
    r"(?:localhost|[0-9a-f]{12}|(?:gpu|node|host|worker|master|head|login|compute|server"
    r"|pod|vm|instance|machine|box|dgx|hgx|slurm)[\w-]{0,40}\d[\w-]{0,20})"
)
_LABEL = re.compile(rf"(?<![\w./-])(?:(?i:localhost):\d{{2,5}}|{_LABEL_FORM}:\d{{4,5}})(?![\w.:-])")
_A_HOST = re.compile(rf"{_LABEL_FORM}|[A-Za-z]\w*(?:-\w+)+|\(address\)|{_IPV4_FORM}")
_NUMBERED = re.compile(
    r"(?<![\w-])(?:ip|ec2)-\d{1,3}(?:-\d{1,3}){3}(?:\.[\w.-]{1,200}\w)?(?::\d{1,5})?"
)
_NCCL = re.compile(
    r"(?<![\w.:-])[A-Za-z0-9][\w.-]{0,62}(?=:\d{1,8}:\d{1,8} \[\d+\] (?:[\w./-]{1,80}:\d+ )?NCCL )"
)


def without_addresses(text: str) -> str:
    """`text` with every address, user at a host, machine's name and port of theirs hidden."""
    if " NCCL " in text:
        text = _NCCL.sub(ADDRESS, text)
    if "://" in text:
        text = _URL.sub(_url, text)
    if "@" in text:
        text = _USER_AT_HOST.sub(_user, text)
    if "(" in text:
        text = _PAIR.sub(lambda pair: ADDRESS if _is_host(pair[2]) else pair[0], text)
    if "]" in text:
        text = _KNOWN_HOST.sub(ADDRESS, text)
        text = _IN_BRACKETS.sub(lambda it: ADDRESS if _is_host(it[1]) else it[0], text)
    if text.count(":") > 1:
        text = _MAC.sub(ADDRESS, _IPV6.sub(_ipv6, _EVERY_IPV6.sub(ADDRESS, text)))
    if text.count(".") > 2:
        text = _IPV4.sub(_ipv4, _TCPDUMP.sub(f"{ADDRESS} > {ADDRESS}", text))
    if "-" in text:
        text = _NUMBERED.sub(ADDRESS, text)
    if "." in text:
        text = _DOTTED.sub(_dotted, text)
    return _LABEL.sub(ADDRESS, text) if ":" in text else text


def _url(found: re.Match[str]) -> str:
    scheme, user, host, port = found.groups(default="")
    if host and is_public(host):
        return scheme + host + (":(hidden)" if port else "")
    return scheme + ADDRESS if host or user or port else scheme


def _user(found: re.Match[str]) -> str:
    host = found[1]
    stays = _NO_HOST.fullmatch(host) or _is_at_a_commit(found)
    return found[0] if stays else ADDRESS + "." * host.endswith(".")


def _is_at_a_commit(found: re.Match[str]) -> bool:
    if _AN_ACCOUNT.match(found[0]) or found.string.startswith((":~", ":/"), found.end()):
        return False
    return _A_COMMIT.fullmatch(found[0]) is not None


def _is_host(word: str) -> bool:
    """Whether a word with a port beside it is a host's."""
    if word.count(":") > 1:
        try:
            return not IPv6Address(word.partition("%")[0]).is_unspecified or word == "::"
        except AddressValueError:
            return False
    dotted = re.fullmatch(DOTTED, word) is not None and is_machine(word, with_port=True)
    return dotted or _A_HOST.fullmatch(word) is not None


def _ipv4(found: re.Match[str]) -> str:
    if found[2]:
        return ADDRESS
    text, start, end = found.string, found.start(), found.end()
    behind = text[end : end + 24]
    if _VERSION_BEFORE.search(text[max(0, start - 90) : start]):
        return found[0]
    if _VERSION_BEHIND.match(behind) and not _NO_VERSION_BEHIND.match(behind):
        return found[0]
    return ADDRESS


def _ipv6(found: re.Match[str]) -> str:
    # A colon behind it is the sentence's: "2001:db8::7: unreachable".
    colon = ":" * (found[1].endswith(":") and not found[1].endswith("::"))
    inside = found[1].removesuffix(colon)
    try:
        IPv6Address(inside)
    except AddressValueError:
        return found[0]
    groups = [group for group in inside.split(":") if group]
    before = found.string[max(0, found.start() - 2) : found.start()]
    # x[::2] and x[:, ::2] are slices.
    is_slice = re.search(r"[\w)\]]\[\Z|, \Z", before) and found.string[
        found.end() : found.end() + 1
    ] in ("]", ",")
    if inside == "::" or (is_slice and len(groups) < 3):
        return found[0]
    if "::" not in inside:
        # 0:1:2:3:4:5:6:7 counts something.
        any_hex = any(re.search(r"[A-Fa-f]|...", group) for group in groups)
        return ADDRESS + colon if any_hex else found[0]
    # Names of C++ do not begin with a digit: c10::add stays.
    digits = any(group[0].isdigit() for group in groups)
    local = re.match(r"(?i)f[cdef][0-9a-f]{2}:", inside) is not None
    return ADDRESS + colon if digits or local or len(groups) > 2 else found[0]


def _dotted(found: re.Match[str]) -> str:
    if not is_machine(found[1], bool(found[2])):
        hidden = found[2] and is_public(found[1])
        return f"{found[1]}:(hidden)" if hidden else found[0]
    return ADDRESS
