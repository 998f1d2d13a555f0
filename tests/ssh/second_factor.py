"""A second factor for a real sshd: the real PAM, with rules of our own instead of /etc/pam.d.

sshd takes its rules from /etc/pam.d alone. Two small libraries mend that without touching it: one
goes before libpam and has it look into a folder of ours, the other is a PAM module that asks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CODE = "123456"
DEVICE = "phone"
# What the module asks, in rounds of one question; the second has an escape sequence in it.
DEVICE_QUESTION = "Device name: "
CODE_QUESTION = "Verification \033[31mcode: "
WITH_PAM = ("UsePAM yes", "KbdInteractiveAuthentication yes")
KEY_AND_CODE = (*WITH_PAM, "AuthenticationMethods publickey,keyboard-interactive")
CODE_ALONE = (*WITH_PAM, "PubkeyAuthentication no")
KEY_AND_PASSWORD = (
    "UsePAM yes",
    "PasswordAuthentication yes",
    "AuthenticationMethods publickey,password",
)

_IN_FRONT = """
struct pam_conv; struct pam_handle;
int pam_start_confdir(const char *, const char *, const struct pam_conv *, const char *,
                      struct pam_handle **);
int pam_start(const char *service, const char *user, const struct pam_conv *talk,
              struct pam_handle **handle)
{ return pam_start_confdir(service, user, talk, RULES, handle); }
"""

_MODULE = r"""
#include <string.h>
struct pam_message { int style; const char *text; };
struct pam_response { char *answer; int unused; };
struct pam_conv { int (*ask)(int, const struct pam_message **, struct pam_response **, void *);
                  void *of; };
int pam_get_item(const void *handle, int item, const void **value);
static int right(const struct pam_conv *talk, int style, const char *question, const char *answer)
{
    struct pam_message message = {style, question};
    const struct pam_message *all = &message;
    struct pam_response *given = 0;
    return !talk->ask(1, &all, &given, talk->of) && given && given->answer
        && !strcmp(given->answer, answer);
}
int pam_sm_authenticate(void *handle, int flags, int count, const char **words)
{
    const void *talk = 0;
    int ok = !pam_get_item(handle, 5, &talk) && talk;  /* PAM_CONV */
    if (count) ok = ok && right(talk, 2, "Device name: ", "phone");  /* PAM_PROMPT_ECHO_ON */
    ok = ok && right(talk, 1, "Verification \033[31mcode: ", "123456");
    return ok ? 0 : 7;  /* PAM_AUTH_ERR */
}
int pam_sm_setcred(void *handle, int flags, int count, const char **words) { return 0; }
"""


@dataclass(frozen=True)
class SecondFactor:
    """environment: makes an sshd use these rules."""

    environment: Mapping[str, str]


def why_not() -> str:
    """Why no sshd can ask for a second factor here, or ""."""
    if os.geteuid() != 0:
        return "sshd uses PAM for root alone"
    return "" if shutil.which("cc") else "no C compiler for the two libraries in front of PAM"


def second_factor(directory: Path, *, asks_device: bool = False) -> SecondFactor:
    """Build it in directory. asks_device: two questions, the first of them with echo."""
    rules = directory / "pam.d"
    rules.mkdir(parents=True)
    in_front = _built(directory, "in_front", _IN_FRONT, f'-DRULES="{rules}"', "-l:libpam.so.0")
    module = _built(directory, "pam_asks", _MODULE)
    asks = f"auth required {module}{' device' if asks_device else ''}"
    others = ("account required pam_permit.so", "session required pam_permit.so")
    (rules / "sshd").write_text("\n".join((asks, *others, "")))
    return SecondFactor({"LD_PRELOAD": str(in_front)})


def _built(directory: Path, name: str, text: str, *options: str) -> Path:
    source, library = directory / f"{name}.c", directory / f"{name}.so"
    source.write_text(text)
    words = ["cc", "-w", "-shared", "-fPIC", "-o", str(library), str(source), *options]
    subprocess.run(words, check=True, capture_output=True)
    return library
