# Where CUDA toolkits lie; a part of the agents that ask. The order is that of builds
# (compiling/toolkit.py): CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda, the newest beside it.
# A variable that names a toolkit names the only one; a relative place is none.
import glob
import re


def by_version(paths):
    """The newest first, by numbers: 12.10 before 12.9, and cuda-13 before both."""
    return sorted(paths, key=lambda path: list(map(int, re.findall(r"\d+", path))), reverse=True)


def toolkit_places():
    """(why builds look there, path of an nvcc) in the order in which builds look; a place that a
    variable names comes first, whether anything is there or not."""
    homes = [(name, os.environ.get(name)) for name in ("CUDA_HOME", "CUDA_PATH")]
    places = [(name, os.path.join(home, "bin", "nvcc")) for name, home in homes if home]
    folders = filter(None, os.environ.get("PATH", "").split(os.pathsep))
    others = [("PATH", os.path.join(folder, "nvcc")) for folder in folders]
    others.append(("/usr/local/cuda", "/usr/local/cuda/bin/nvcc"))
    newest = by_version(glob.glob("/usr/local/cuda-*/bin/nvcc"))
    others += [("/usr/local/cuda-*", path) for path in newest]
    return places[:1] + [place for place in places[1:] + others if is_program(place[1])]


def is_program(path):
    return os.path.isabs(path) and os.path.isfile(path) and os.access(path, os.X_OK)


def programs(name, *patterns):
    """Where a program lies: as PATH has it, then as the patterns do; each file once."""
    paths = [os.path.join(folder, name) for folder in os.get_exec_path()] if name else []
    for pattern in patterns:
        paths += by_version(glob.glob(pattern))
    first = {}
    for path in filter(is_program, paths):
        first.setdefault(os.path.realpath(path), path)
    return list(first.values())


def cuda_folders(inside):
    home = os.environ.get("CUDA_HOME")
    folders = [home] if home else []
    return [folder + inside for folder in [*folders, "/usr/local/cuda", "/usr/local/cuda-*"]]
