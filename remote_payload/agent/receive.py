# Takes in a snapshot. argv: nonce, workspace, wanted digest, how many to keep, digests of
# snapshots whose manifests the client still has. A row is [path, kind, size, content], kind one
# of f(ile), x (executable file), l(ink); content is a sha256 or a link's target.
# A snapshot appears by one rename and never changes afterwards, so any later one may hard-link
# its files. Beside it lies its record: remote_payload/processes/snapshot.py, which travels along.
import contextlib
import errno
import fcntl
import functools
import io
import signal
import stat
import time

NONCE, ROOT, WANTED, KEEP = sys.argv[1:5]
REMEMBERED = sys.argv[5:]
ROOT = os.path.abspath(os.path.expanduser(ROOT))
STORE = os.path.join(ROOT, "snapshots", "")
STAGING = STORE + ".new"
SILENCE_S = 60  # a client that vanished without a word must not keep the lock
HEADROOM = 1 << 20


def give_up(why):
    raise ValueError(why)


def lock_store():
    os.makedirs(STORE, exist_ok=True)
    os.makedirs(os.path.join(ROOT, "locks"), exist_ok=True)
    path = os.path.join(ROOT, "locks", "sync")
    # Digests are written into it: not through a link, nor into what has another name as well.
    now = os.path.lexists(path) and os.lstat(path)
    if now and (now.st_nlink > 1 or not stat.S_ISREG(now.st_mode)):
        raise OSError(errno.EEXIST, "no plain file of its own", path)
    handle = open(path, "a+", errors="replace")
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            send_json({"status": "waiting"})
            time.sleep(0.1)


@functools.cache
def looked(digest):
    found = look(STORE, digest)
    if found.read and not found.wrong:
        # A newer snapshot shares its files, say: what was read need not be read again.
        last_use = os.stat(STORE + digest + ".json").st_mtime_ns
        with contextlib.suppress(OSError):  # a full disk: then it is read again next time
            remove(".record")
            with open(STORE + ".record", "w") as handle:
                json.dump(found.rows, handle)
            os.utime(STORE + ".record", ns=(last_use, last_use))
            os.replace(STORE + ".record", STORE + digest + ".json")
    return found


def intact(digest):
    """The rows of a published snapshot whose files are still as we left them."""
    return looked(digest).rows


def whole(digest):
    return looked(digest).rows != [] and not looked(digest).wrong


def clear_added(digest):
    top = STORE + digest + "/"
    for path in looked(digest).extra:
        if os.path.lexists(top + path):  # else it lay in one that is gone
            parent = os.path.dirname(top + path)
            os.chmod(parent, 0o755)
            remove_all(top + path)
            os.chmod(parent, FOLDER_MODE)


def check(rows):
    # The near end checks too; this end trusts nobody with its disk.
    paths = {row[0] for row in rows}
    for path, kind, size, content in rows:
        parts = path.split("/")
        if {"", ".", ".."} & set(parts) or "\0" in path or kind not in ("f", "x", "l"):
            give_up("%r is not a path inside the snapshot" % path)
        if any("/".join(parts[:n]) in paths for n in range(1, len(parts))):
            give_up("%r lies below a file" % path)
        if kind == "l":
            steps = [step for step in content.split("/") if step not in ("", ".")]
            up = steps.count("..")
            # `..` behind a name could climb out through another link.
            if content[:1] == "/" or up >= len(parts) or ".." in steps[up:]:
                give_up("the link %r leads out of the snapshot" % path)
        elif type(size) is not int or size < 0:
            give_up("%r has size %r" % (path, size))


def heard():
    signal.alarm(SILENCE_S)
    frame = receive()
    signal.alarm(0)
    return frame


def incoming():
    """Yield what the client streams, unpacked, in pieces of bounded size."""
    unpack = zlib.decompressobj(-15)
    while True:
        kind, body = heard()
        if kind != b"D":
            break
        while body:
            yield unpack.decompress(body, 1 << 20)
            body = unpack.unconsumed_tail
    yield unpack.flush()
    if kind != b"Z" or not unpack.eof:
        give_up("the client broke off")


@functools.cache
def make_folder(path):
    os.makedirs(path, exist_ok=True)


def place(path):
    path = STAGING + "/" + path
    make_folder(os.path.dirname(path))
    return path


def finish(path, kind, now):
    # The host's own time: a laptop's clock could make a build tool miss a change.
    os.utime(path, (now, now))
    os.chmod(path, READ_ONLY[kind])


def write_files(rows, now):
    import hashlib  # here and below: a sync with nothing to do starts sooner without

    pieces = filter(None, incoming())
    piece = io.BytesIO()
    for path, kind, size, content in rows:
        digest = hashlib.sha256()
        with open(place(path), "xb") as handle:
            while size:
                data = piece.read(size)
                if not data:
                    piece = io.BytesIO(next(pieces, b"") or give_up("too few bytes came"))
                    continue
                size -= len(data)
                digest.update(data)
                handle.write(data)
        if digest.hexdigest() != content:
            give_up("%r arrived damaged" % path)
        finish(place(path), kind, now)
    if piece.read() or any(pieces):
        give_up("too many bytes came")


def fill_rest(rows, sources, now):
    """Make what was not sent from files that lie here; return the record of all rows."""
    import shutil

    record = []
    for path, kind, size, content in rows:
        target = place(path)
        if kind == "l":
            os.symlink(content, target)
        elif not os.path.lexists(target):
            twins = sources.get(content) or {}
            try:
                os.link(twins[kind], target)
            except (KeyError, OSError):  # other mode, too many links, no links on this disk
                if not twins:
                    give_up("%r is neither here nor sent" % path)
                shutil.copyfile(next(iter(twins.values())), target)
                finish(target, kind, now)
        record.append([path, kind, size, content, None])
    with contextlib.suppress(OSError):  # an old one that stays is no reason to fail
        prune()
    for row in record:
        # Only now: a file that was linked once more, or once less, has another ctime.
        row[4] = seen(os.lstat(place(row[0])))
    return record


def make_room(need):
    disk = os.statvfs(STORE)
    free = disk.f_bavail * disk.f_frsize
    if disk.f_blocks and need > free:
        text = "this sync needs %.1f MB, %.1f MB are free" % (need / 1e6, free / 1e6)
        raise OSError(errno.ENOSPC, text)


def publish(record):
    text = STORE + ".record"
    with open(text, "w") as handle:
        json.dump(record, handle)
    if os.path.lexists(STORE + WANTED):  # damaged, or it would have been used
        move_away(WANTED)
    for base, _folders, _files in os.walk(STAGING):
        if base != STAGING:
            os.chmod(base, FOLDER_MODE)
    remove(WANTED + ".json")  # somebody may have made a folder of it
    os.replace(text, STORE + WANTED + ".json")
    os.rename(STAGING, STORE + WANTED)
    os.chmod(STORE + WANTED, FOLDER_MODE)


def sources_of(digests):
    """content → {kind: file} of intact files."""
    found = {}
    for digest in digests:
        for path, kind, _, content, _ in intact(digest):
            if kind != "l":
                found.setdefault(content, {})[kind] = STORE + digest + "/" + path
    return found


def take_in(base, sources):
    signal.alarm(SILENCE_S)
    ask = receive_json()
    signal.alarm(0)
    rows = {row[0]: row[:4] for row in (rows_of(STORE, base) if base else ())}
    for path in ask["drop"]:
        del rows[path]
    rows.update((row[0], row) for row in ask["set"])
    check(rows.values())
    if digest_of(sorted(rows.values())) != WANTED:
        give_up("the manifest is not the announced one")
    sent = [rows[path] for path in ask["send"]]
    remove(*[name for name in os.listdir(STORE) if name.startswith(".")])
    make_room(HEADROOM + sum(row[2] + 4096 for row in sent))
    os.mkdir(STAGING)  # so nothing of an earlier one is in it
    os.utime(STAGING, (time.time(),) * 2)
    # As the disk keeps it, which may know fewer years than the clock.
    now, before = int(os.stat(STAGING).st_mtime), published()[:1]
    write_files(sent, now)
    for path, kind, _, content in sent:
        sources.setdefault(content, {})[kind] = place(path)
    gone = {row[0] for digest in before for row in rows_of(STORE, digest)} - set(rows)
    publish(fill_rest(sorted(rows.values()), sources, now))
    note_use()
    send_json({"status": "done", "root": ROOT, "deleted": len(gone)})


def main():
    global lock
    int(WANTED, 16)  # it becomes a folder's name
    lock = lock_store()  # held until we end
    if whole(WANTED):
        clear_added(WANTED)
        os.utime(STORE + WANTED + ".json")
        note_use()
        return send_json({"status": "same", "root": ROOT})
    base = next((digest for digest in REMEMBERED if whole(digest)), "")
    sources = sources_of([base] if base else published())
    have = [] if base else [content[:16] for content in sources]
    send_json({"status": "wanted", "base": base, "have": have})
    try:
        take_in(base, sources)
    except BaseException:
        remove(".new")
        raise


hello(NONCE)
try:
    main()
except Exception as problem:
    name = errno.errorcode.get(getattr(problem, "errno", None), "")
    send_json({"status": "failed", "error": name, "text": str(problem), "root": ROOT})
