# How a job is ended before its time; a part of `job`, beside `processes`, whose names it uses.
import fcntl

# A supervisor has ended its job long before CANCEL_PATIENCE_S, or it does not work any more.
CANCEL_PATIENCE_S, CANCEL_LIMIT_S = 12.0, 30.0


def conclude(run, message=""):
    """Write that the job was cancelled, where no runner lives to write it."""
    facts = {"why": "cancelled", "exit_status": None, "message": message, "at": time.time()}
    draft = os.path.join(folder(run), "end.partial")
    # A runner has reserved this space, so that a full disk cannot swallow it.
    with open(draft, "r+" if os.path.exists(draft) else "w") as handle:
        handle.write(json.dumps(facts))
    os.replace(draft, os.path.join(folder(run), "end.json"))
    return load(run, "end.json")


def forbid(run):
    """End a job that has no runner yet, for good; None if one is about to come up."""
    lock = os.open(os.path.join(folder(run), "runner.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ended = verdict(run)
        return conclude(run) if ended and ended["why"] == "never-started" else ended
    except BlockingIOError:
        return None
    finally:
        os.close(lock)


def beaten(run):
    """When the runner last gave a sign of life; 0 for never."""
    with contextlib.suppress(OSError):
        return os.stat(os.path.join(folder(run), "status.json")).st_mtime_ns
    return 0


def cancel(ask):
    """End the job: its runner does so, or where that does not answer any more, we do."""
    run, began, heard, killed = ask["run"], time.monotonic(), None, 0
    while (waited := time.monotonic() - began) < CANCEL_LIMIT_S:
        ended = final(run, lambda run: original(run) is False)
        if ended and ended["why"] == "never-started":
            ended = forbid(run)
        if ended and ended["why"] == "runner-killed":
            if started(run):  # the sweep has sent both signals
                killed, ended = 1, None
            elif killed:
                ended = conclude(run, "its supervisor did not answer and was killed")
            elif stray(run):
                ended = conclude(run, "only a copy of its folder was left, made while it ran")
        if ended:
            return {"ok": True, "end": ended}
        status = noted(run)
        runner = [status["runner_pid"]] if status else supervisors(run)
        if runner and heard is None:
            heard = beaten(run)
            signalled(runner, signal.SIGTERM)
        if heard is not None and not killed and waited > CANCEL_PATIENCE_S:
            killed = signalled(runner if beaten(run) == heard else started(run), signal.SIGKILL)
        signalled(runner, signal.SIGCONT)  # stopped, it would hear nothing
        time.sleep(0.05)
    return unmoved(killed)


def unmoved(killed):
    signals = "SIGTERM and SIGKILL" if killed else "SIGTERM"
    text = "the job did not end within %d s of %s" % (CANCEL_LIMIT_S, signals)
    return {"error": "busy", "message": text}


def every(run):
    return supervisors(run) + started(run)


def gone(ask):
    """About a job whose folder is not there: its processes may be."""
    run, left = ask["run"], every(ask["run"])
    if ask["do"] == "asked":
        return {"ok": True, "request": ""}
    if ask["do"] == "cancel" and left:
        sweep(run, every)
        if every(run):
            return {"error": "busy", "message": "some of the job outlived SIGTERM and SIGKILL"}
        message = "its folder was gone"
        return {"ok": True, "end": {"why": "cancelled", "exit_status": None, "message": message}}
    return {"error": "no-job", "message": run, "running": len(left) if can_look() else None}
