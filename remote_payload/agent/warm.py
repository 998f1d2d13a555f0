# Agent that serves turn after turn from a snapshot's own code. argv: nonce root.
# One J frame {"snapshot", "python", "env", "idle_s"} follows our hello; the rest is spoken by
# warm/serving.py of that snapshot, which is found to be whole before anything of it runs.
ROOT = os.path.expanduser(sys.argv[2])
hello(sys.argv[1])
try:
    ask = receive_json()
    store = os.path.join(ROOT, "snapshots")
    wrong = faults(store, ask["snapshot"])
    if wrong:
        send_json({"error": "snapshot", "message": "the snapshot is not what was sent: " + wrong})
    else:
        sys.dont_write_bytecode = True
        sys.path.insert(0, os.path.join(store, ask["snapshot"]))
        from remote_payload.warm import serving

        serving.serve(ROOT, ask, _source.fileno(), _sink.fileno())
except (EOFError, struct.error, BrokenPipeError):
    pass
except Exception as exc:  # whatever it is, the near end must hear of it
    code = {28: "no-space", 30: "read-only", 13: "denied"}.get(getattr(exc, "errno", None))
    send_json({"error": code or type(exc).__name__, "message": str(exc)})
