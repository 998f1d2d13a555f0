# What a job left that may be fetched; a part of `job`, whose names it uses.
def inventory(ask):
    home, found, left = folder(ask["run"]), [], []

    def closed(problem):
        left.append([os.path.relpath(problem.filename, home), "unreadable"])

    for base, folders, names in os.walk(home, onerror=closed):
        for name in names + folders:
            path = os.path.join(base, name)
            inside = os.path.relpath(path, home)
            wanted = inside in LEFT + ask.get("also", []) or inside.startswith("artifacts" + os.sep)
            if not wanted or (os.path.isdir(path) and not os.path.islink(path)):
                continue
            if os.path.islink(path) or not os.path.isfile(path):
                left.append([inside, "kind"])
            elif not os.access(path, os.R_OK):
                left.append([inside, "unreadable"])
            else:
                found.append({"path": inside, "size": os.path.getsize(path)})
    found.sort(key=lambda entry: entry["path"])
    return {"ok": True, "files": found, "left": sorted(left)}
