"""What RunPod's API said instead of yes, in words: one table for every HTTP status."""

from __future__ import annotations

from orchestrator.cloud.api import ApiKey, Reply
from orchestrator.errors import AuthenticationError, HostStopped, HostUnreachable

_SHOWN_CHARACTERS = 300
_NEWER = "The API may have changed: look for a newer release of this tool."
_WORDS = {
    401: (
        "RunPod does not accept the API key in RUNPOD_API_KEY",
        "Make a key in RunPod's console (Settings > API Keys) and export it.",
    ),
    402: ("RunPod refuses: the account's balance is too low", "Add credit in RunPod's console."),
    403: (
        "the API key in RUNPOD_API_KEY may not do this to {what}",
        "Is it the key of the account that owns the pod? Give it read and write access to pods "
        "in RunPod's console (Settings > API Keys).",
    ),
    404: (
        "RunPod has no {what}",
        "It was terminated, belongs to another account, or was migrated, which gives it a new "
        "id: look into RunPod's console and write the new id into the inventory.",
    ),
    409: (
        "RunPod does not do this to {what} as it is now",
        "`orchestrator hosts status` shows its state; a locked pod or one of a cluster can only "
        "be changed in RunPod's console.",
    ),
    429: ("RunPod's API says we ask too often", "Try again {later}."),
}
_KINDS: dict[int, type[HostUnreachable]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: HostStopped,
}


def refusal(reply: Reply, what: str, key: ApiKey) -> HostUnreachable:
    """Return the error for a reply that is not a success. what: the thing asked about."""
    from orchestrator.cloud.answer import read_detail  # as in runpod

    words, hint = _WORDS.get(reply.status) or _other(reply.status)
    after_s = reply.retry_after_s
    later = f"in {after_s} s" if after_s is not None else "in a minute"
    detail = key.redacted(read_detail(reply.body))[:_SHOWN_CHARACTERS]
    message = words.format(what=what) + (f": {detail}" if detail else "")
    kind = _KINDS.get(reply.status, HostUnreachable)
    return kind(message, hint=hint.format(later=later))


def _other(status: int) -> tuple[str, str]:
    if status >= 500:
        return f"RunPod's API is out of order (HTTP {status})", "Try again {later}."
    if 300 <= status < 400:
        return (
            f"RunPod's API sends us elsewhere (HTTP {status}), where we do not take the key",
            "Check RUNPOD_API_URL. " + _NEWER,
        )
    return f"RunPod's API does not understand the question about {{what}} (HTTP {status})", _NEWER
