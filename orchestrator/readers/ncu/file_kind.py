"""What a file is that holds none of Nsight Compute's tables, and what to do instead."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePath

_PROFILE = "Name the .ncu-rep, or what ncu printed: ncu --import FILE.ncu-rep --csv --page raw"
_UNPACK = "Unpack it first, and name what was in it."
_HEAD = 65_536  # characters that are looked at
_MOSTLY_BINARY = 0.1


@dataclass(frozen=True)
class FileKind:
    """words: what it is, as the end of "this is …"; advice: the next step."""

    words: str
    advice: str = _PROFILE


# What the first bytes of a format are, by its own specification.
_MAGIC: tuple[tuple[bytes, FileKind], ...] = (
    (
        b"SQLite format 3\0",
        FileKind(
            "an SQLite database (nsys exports such)",
            "It knows when kernels ran, not what they counted. " + _PROFILE,
        ),
    ),
    (b"\x1f\x8b", FileKind("a gzip archive", "gunzip it, and name what was in it.")),
    (b"PK\3\4", FileKind("a zip archive", _UNPACK)),
    (b"BZh", FileKind("a bzip2 archive", _UNPACK)),
    (b"\xfd7zXZ\0", FileKind("an xz archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", FileKind("a 7z archive", _UNPACK)),
    (b"\x89PNG\r\n", FileKind("a PNG picture")),
    (b"\xff\xd8\xff", FileKind("a JPEG picture")),
    (b"GIF8", FileKind("a GIF picture")),
    (b"%PDF-", FileKind("a PDF document")),
    (b"\x7fELF", FileKind("a program or library (ELF)", "ncu runs it: ncu -o FILE ./PROGRAM")),
    (b"MZ\x90", FileKind("a Windows program", "ncu runs it: ncu -o FILE PROGRAM.exe")),
    (b"PAR1", FileKind("a Parquet table")),
    (b"\x89HDF\r\n", FileKind("an HDF5 file")),
    (b"\x93NUMPY", FileKind("a NumPy array")),
    (b"\x28\xb5\x2f\xfd", FileKind("a Zstandard archive", "unzstd it, and name what was in it.")),
)
_NSYS = FileKind(
    "a report of Nsight Systems",
    "nsys measures when kernels ran; counters come from ncu: ncu --set full -o FILE PROGRAM",
)
_BY_SUFFIX = {
    ".nsys-rep": _NSYS,
    ".qdrep": _NSYS,
    ".qdstrm": _NSYS,
    ".nvvp": FileKind("a report of nvprof", "Profile again with ncu: nvprof's counters are gone."),
    ".nvprof": FileKind(
        "a report of nvprof", "Profile again with ncu: nvprof's counters are gone."
    ),
    ".pt": FileKind("a file of PyTorch"),
    ".pth": FileKind("a file of PyTorch"),
    ".pkl": FileKind("a pickled Python object"),
}
_DOCUMENTS = (".md", ".rst", ".markdown")
_SOURCES = {
    ".c": "C",
    ".cc": "C++",
    ".cpp": "C++",
    ".cu": "CUDA",
    ".cuh": "CUDA",
    ".h": "C",
    ".hpp": "C++",
    ".py": "Python",
    ".ipynb": "a Jupyter notebook",
    ".sh": "shell",
    ".js": "JavaScript",
    ".rs": "Rust",
    ".ptx": "PTX",
    ".sass": "SASS",
}
_SOURCE_SIGNS = re.compile(
    r"^(?:#include [<\"]|#pragma once|import \w+$|from [\w.]+ import |def \w+\(|class \w+[(:]"
    r"|__global__ |template ?<|#!/)",
    re.M,
)
# Texts of other programs, by a line that only they write.
_TEXTS: tuple[tuple[re.Pattern[str], FileKind], ...] = (
    (
        re.compile(r"\Aversion https://git-lfs"),
        FileKind("a pointer of Git LFS; the file itself is not here", "Fetch it: git lfs pull"),
    ),
    (
        re.compile(r"^[^\n]*\bProblem,Provider,OperationKind,", re.M),
        FileKind(
            "a table of cutlass_profiler",
            "orchestrator ceilings reads those on gemm; counters: ncu --set full -o FILE PROGRAM",
        ),
    ),
    (
        re.compile(r'^"?Time ?\(%\)"?[, ]+"?Total Time ?\(ns\)"?', re.M),
        FileKind("a summary of Nsight Systems (nsys stats)", _NSYS.advice),
    ),
    (
        re.compile(r"^==\d+== (?:NVPROF|Profiling (?:application|result))", re.M),
        FileKind("the output of nvprof", "Profile again with ncu: ncu --set full -o FILE PROGRAM"),
    ),
    (
        re.compile(r"\ANVIDIA \(R\) Nsight Compute Command Line Profiler"),
        FileKind("what ncu says of its version or its options"),
    ),
    (
        re.compile(r"^ptxas (?:info|warning)\s*:", re.M),
        FileKind("the output of the CUDA compiler"),
    ),
    (re.compile(r"^\| NVIDIA-SMI |<nvidia_smi_log>"), FileKind("the output of nvidia-smi")),
    (
        re.compile(r'^"?#"?,"?(?:Address|Source)"?,', re.M),
        FileKind("the source page of ncu, which has counters per instruction"),
    ),
    (
        re.compile(
            r"^-+ -+\n *(?:Identifier|Metric Name) +(?:Display Name|Metric Type|Descr)", re.M
        ),
        FileKind("a list of what ncu can collect, not of what it collected"),
    ),
)


def of_bytes(name: str, data: bytes) -> FileKind | None:
    """What `data` is by its first bytes or its file's name; None for text."""
    if kind := _BY_SUFFIX.get(PurePath(name).suffix.lower()):
        return kind
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def is_document(name: str) -> bool:
    """Whether a file of this name is written by people, who may quote what ncu said."""
    path = PurePath(name)
    return path.suffix.lower() in (*_DOCUMENTS, *_SOURCES) or path.stem.upper() == "README"


def of_text(name: str, text: str) -> FileKind:
    """What `text` without a table of ncu's is; the file's name decides where the words do not."""
    head = text[:_HEAD]
    suffix = PurePath(name).suffix.lower()
    odd = sum(c == "\ufffd" or not (c.isprintable() or c in "\t\r\n\f") for c in head)
    if odd > _MOSTLY_BINARY * len(head):
        return FileKind("binary data of a kind that is not known here")
    for sign, kind in _TEXTS:
        if sign.search(head):
            return kind
    if found := _marked_up(head, text, suffix):
        return found
    if suffix in _DOCUMENTS or PurePath(name).stem.upper() == "README":
        return FileKind("a document (Markdown), and none of ncu's tables is quoted in it")
    if suffix in _SOURCES or _SOURCE_SIGNS.search(head):
        language = _SOURCES.get(suffix)
        return FileKind(
            f"source code ({language})" if language else "source code",
            "ncu runs the program that is made of it: ncu --set full -o FILE PROGRAM",
        )
    return _table(head) or FileKind("text without a table of ncu's and without a word from ncu")


def _table(head: str) -> FileKind | None:
    """Some other program's table, by the columns that its first line names."""
    first = next((line for line in head.split("\n") if line.strip()), "")
    for delimiter, called in ((",", "commas"), (";", "semicolons"), ("\t", "tabs")):
        if first.count(delimiter) > 1:
            columns = ", ".join(cell.strip('" \r')[:30] for cell in first.split(delimiter)[:4])
            return FileKind(
                f"a table with {called} whose columns ({columns}, …) are none of ncu's, which "
                'begin with "ID" and have a "Kernel Name"'
            )
    return None


def _marked_up(head: str, text: str, suffix: str) -> FileKind | None:
    """JSON, HTML and XML."""
    start = head.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")) and (suffix.startswith(".json") or _is_json(text)):
        return _json(start)
    lower = start[:200].lower()
    if lower.startswith(("<!doctype html", "<html")):
        return FileKind("an HTML page", "Save what it shows as text, or name the .ncu-rep.")
    if lower.startswith("<?xml") or re.match(r"<\w[\w:-]*[ >]", lower):
        what = "the output of nvidia-smi (XML)" if "<nvidia_smi_log>" in head else "XML"
        return FileKind(what)
    return None


def _json(start: str) -> FileKind:
    if '"averaged_launches"' in start:
        return FileKind(
            "what import-ncu --json wrote", 'Name the file that it was made of: its key "file".'
        )
    if '"traceEvents"' in start:
        return FileKind("a trace of kernels in time (JSON)", _NSYS.advice)
    if '"run_id"' in start or '"schema"' in start:
        return FileKind("a file of a run (JSON)", "orchestrator report shows a run: report RUN")
    return FileKind("JSON")


def _is_json(text: str) -> bool:
    try:
        json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        lines = [line for line in text.split("\n")[:2] if line.strip()]
        return len(lines) == 2 and all(_is_object(line) for line in lines)
    return True


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
