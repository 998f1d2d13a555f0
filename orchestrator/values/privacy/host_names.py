"""Which dotted words are names of machines: those of clouds, and all but well-known public sites.

A dotted word may as well be a module (`torch.nn`), a file (`api.cu`) or a metric (`sm__x.avg`), so
its last label decides. Where that leaves a doubt, it is a machine.
"""

from __future__ import annotations

import re

# Names of machines that clouds and tunnels give, whatever stands before them.
_CLOUD = re.compile(
    r"\.(?:runpod\.(?:io|net|ai|internal)|vast\.ai|amazonaws\.com|compute\.internal"
    r"|googleusercontent\.com|run\.app|cloudapp\.(?:net|azure\.com)|azure\.com|azurecontainer\.io"
    r"|lambda(?:labs)?\.(?:com|ai)|coreweave\.(?:com|cloud)|paperspace(?:gradient)?\.com"
    r"|modal\.(?:run|host|com)|brev\.(?:dev|sh|nvidia\.com)|brevlab\.com|lightning\.ai|litng\.ai"
    r"|thundercompute\.net|jarvislabs\.(?:net|ai)|nebius\.cloud|crusoecloud\.com|oraclevcn\.com"
    r"|scw\.cloud|your-server\.de|ngrok\.io|ngrok(?:-free)?\.(?:app|dev)|trycloudflare\.com|ts\.net"
    r"|gradio\.live|hf\.space|app\.github\.dev|gitpod\.io|loca\.lt|cluster\.local|sagemaker\.aws)$",
    re.IGNORECASE,
)
# Sites everybody knows; what stands before them has no digit, or it may be one of their machines.
_PUBLIC = re.compile(
    r"(?:[a-z]+(?:-[a-z]+)*\.){0,3}(?:nvidia\.com|github\.com|githubusercontent\.com|github\.io"
    r"|gitlab\.com|pytorch\.org|pypi\.org|pythonhosted\.org|python\.org|huggingface\.co|hf\.co"
    r"|anaconda\.(?:com|org)|conda\.io|docker\.(?:io|com)|nvcr\.io|ghcr\.io|quay\.io|ubuntu\.com"
    r"|debian\.org|kernel\.org|gnu\.org|llvm\.org|arxiv\.org|readthedocs\.(?:io|org)|w3\.org"
    r"|wikipedia\.org|stackoverflow\.com|openai\.com|microsoft\.com|ietf\.org|doi\.org|numpy\.org"
    r"|apache\.org|openssh\.com|libssh\.org|jupyter\.org|vllm\.ai|triton-lang\.org|matplotlib\.org)"
    r"|(?:www|docs|console|api|rest|status)\.runpod\.io",
    re.IGNORECASE,
)
# No module, file or metric ends so.
_CERTAIN = re.compile(
    r"com|org|edu|gov|mil|arpa|internal|corp|lan|local|localdomain|intranet|invalid|aws"
)
# Of at least three labels, or of a name with a digit or a hyphen: self.net is none.
_LIKELY = re.compile(
    r"net|io|ai|home|example|test|biz|site|online|xyz"
    r"|de|fr|nl|ch|eu|se|fi|dk|es|cz|jp|cn|kr|tw|sg|hk|au|ca|uk|nz|ie|pt|gr|hu|br|ru|za|mx"
)
# Modules and methods end so, too: only of a name with a digit or a hyphen.
_MAYBE = re.compile(r"at|app|cloud|dev|host|info|live|space|tech")
_CODE = re.compile(
    r"(?:self|cls|args|session|torch|np|threading)\.|(?:.*\.)?_|.*__|.*[a-z]\w*\.[A-Z]+$"
)

# A dotted name; whether it is a machine's is for `is_machine` to say.
DOTTED = r"(?:[A-Za-z0-9_](?:[\w-]{0,62})\.){1,8}[A-Za-z]{2,24}"


def is_public(name: str) -> bool:
    """Whether a name is a site that everybody knows."""
    return _PUBLIC.fullmatch(name) is not None


def is_machine(name: str, with_port: bool) -> bool:
    """Whether a dotted word is the name of a machine. with_port: a port stands behind it."""
    if is_public(name) or _CODE.match(name) or _CLOUD.fullmatch(f".{name}"):
        return False
    if _CLOUD.search(name):
        return True
    *before, last = name.lower().split(".")
    if _CERTAIN.fullmatch(last):
        return True
    marked = with_port or any(re.search(r"[\d-]", label) for label in before)
    if _LIKELY.fullmatch(last):
        return marked or len(before) > 1
    return marked and _MAYBE.fullmatch(last) is not None
