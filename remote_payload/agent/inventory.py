# What a job left that may be fetched; a part of `job`, whose names it uses.
def inventory(ask):
    home, found, left = folder(ask["run"]), [], []
    files = LEFT + ask.get("also", [])

    def closed(problem):
        left.append([os.path.relpath(problem.filename, home), "unreadable"])

    for base, folders, names in os.walk(home, onerror=closed):
        for name in names + folders:
            path = os.path.join(base, name)
            inside = os.path.relpath(path, home)
            is_folder = os.path.isdir(path) and not os.path.islink(path)
            if inside == "artifacts" and not is_folder:
                left.append([inside, "folder"])
            elif inside not in files and (is_folder or not inside.startswith("artifacts" + os.sep)):
                continue
            elif os.path.islink(path) or not os.path.isfile(path):
                left.append([inside, "kind"])
            elif not os.access(path, os.R_OK):
                left.append([inside, "unreadable"])
            else:
                found.append({"path": inside, "size": os.path.getsize(path)})
    found.sort(key=lambda entry: entry["path"])
    return {"ok": True, "files": found, "left": sorted(left)}
