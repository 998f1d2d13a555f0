# Which snapshots were used last, and the end of the others; a part of `receive`, whose names it
# uses.
def uses():
    # The lock's file lists the digests, that used last at the end: clocks may say anything.
    lock.seek(0)
    return lock.read()


def note_use():
    text = uses().replace(WANTED + "\n", "")[-6500:] + WANTED + "\n"
    try:
        if text != uses():
            lock.truncate(0)
            lock.write(text)
            lock.flush()
    except OSError:  # a full disk: then times have to do
        pass


def published():
    """Digests by last use, newest first."""
    records = [name for name in os.listdir(STORE) if name.endswith(".json")]
    # What is no file is no record, whoever put it there.
    names, text = [name[:-5] for name in records if os.path.isfile(STORE + name)], uses()
    age = {name: (text.find(name), os.stat(STORE + name + ".json").st_mtime) for name in names}
    return sorted(names, key=age.get, reverse=True)


def remove(*names):
    for name in names:
        if os.path.lexists(STORE + name):
            remove_all(STORE + name)


def move_away(digest):
    if not os.path.islink(STORE + digest):
        os.chmod(STORE + digest, 0o755)  # not every system renames a folder that is read-only
    # What could not be removed of an earlier one is in nobody's way.
    os.rename(STORE + digest, STORE + ".old%s%d" % (digest, time.time_ns()))


def prune():
    """Leave KEEP snapshots, with that which is about to be published, and those in use: of jobs
    that go on, and of processes that stay warm."""
    used = set()
    for room in ("jobs", "warm"):
        home = os.path.join(ROOT, room, "")
        for name in os.listdir(home) if os.path.isdir(home) else ():
            try:
                if not {"end", "end.json"} & set(os.listdir(home + name)):
                    # Not to be waited for, should it be a FIFO.
                    place = home + name + "/snapshot"
                    with open(os.open(place, os.O_RDONLY | os.O_NONBLOCK)) as handle:
                        used.add(handle.read().strip())
            except OSError:
                pass
    for digest in [one for one in published() if one != WANTED][int(KEEP) - 1 :]:
        if digest not in used:
            if os.path.lexists(STORE + digest):  # a record alone: killed while publishing
                move_away(digest)
            os.unlink(STORE + digest + ".json")
    remove(*[name for name in os.listdir(STORE) if name.startswith(".old")])
