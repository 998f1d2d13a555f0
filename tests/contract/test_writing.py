"""A file is written whole or not at all, and what is no plain file is still that afterwards."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from remote_payload.contract import codec, writing
from tests.disks import mounted

NEW = "new words\n"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="making device nodes needs root")


def node(place: Path, minor: int) -> Path:
    """A device of our own: 3 swallows all, as /dev/null does; 7 has no room, as /dev/full."""
    os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
    return place


def beside(path: Path) -> list[str]:
    return sorted(item.name for item in path.parent.iterdir())


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    target, link = tmp_path / "inner" / "real.md", tmp_path / "link.md"
    target.write_text("old")
    (tmp_path / "inner" / "second.md").symlink_to("real.md")
    link.symlink_to("inner/second.md")
    codec.write_atomic(link, NEW)
    assert link.is_symlink()
    assert target.read_text() == NEW
    assert beside(target) == ["real.md", "second.md"]


def test_a_link_to_nothing_yet_makes_what_it_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to("later.md")
    codec.write_atomic(link, NEW)
    assert link.is_symlink()
    assert (tmp_path / "later.md").read_text() == NEW


def test_mode_and_owner_stay_and_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("old")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
    before = path.stat()
    codec.write_atomic(path, NEW)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    umask = os.umask(0o027)
    try:
        codec.write_atomic(tmp_path / "new.md", NEW)
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "new.md").stat().st_mode) == 0o640


def test_all_names_of_a_file_keep_naming_the_same_one(tmp_path: Path) -> None:
    path, other = tmp_path / "x.md", tmp_path / "y.md"
    path.write_text("old and a good deal longer than what comes")
    other.hardlink_to(path)
    codec.write_atomic(path, NEW)
    assert other.read_text() == NEW
    assert path.samefile(other)


def test_a_read_only_file_is_refused_also_to_root(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only") as caught:
        codec.write_atomic(path, NEW)
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert beside(path) == ["x.md"]


@needs_root
def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    codec.write_atomic(node(tmp_path / "null", 3), NEW)
    assert stat.S_ISCHR((tmp_path / "null").stat().st_mode)
    with pytest.raises(OSError, match="No space left") as caught:
        codec.write_atomic(node(tmp_path / "full", 7), NEW)
    assert caught.value.filename == str(tmp_path / "full")
    assert stat.S_ISCHR((tmp_path / "full").stat().st_mode)
    assert beside(tmp_path / "null") == ["full", "null"]


def test_a_fifo_is_written_to_and_a_reader_that_comes_late_gets_all(tmp_path: Path) -> None:
    fifo, text = tmp_path / "fifo", "x" * 300_000  # more than any pipe holds
    os.mkfifo(fifo)
    came: list[str] = []
    reader = threading.Timer(0.2, lambda: came.append(fifo.read_text()))
    reader.start()
    codec.write_atomic(fifo, text)
    reader.join()
    assert came == [text]
    assert fifo.is_fifo()


def test_a_fifo_that_nobody_reads_does_not_hold_us_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "READER_S", 0.2)
    monkeypatch.setattr(writing, "READING_S", 0.2)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(TimeoutError, match="nobody reads it"):
        codec.write_atomic(fifo, NEW)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # opens, and never reads
    try:
        with pytest.raises(TimeoutError, match="nobody reads on"):
            codec.write_atomic(fifo, "x" * 300_000)
    finally:
        os.close(reader)
    assert fifo.is_fifo()


@pytest.mark.parametrize("name", ["/proc/self/fd/{}", "fd/{}"])
def test_a_descriptor_gets_the_text_where_it_leads(tmp_path: Path, name: str) -> None:
    # As /dev/fd, which no test names: it is the machine's, and a fault would replace what is there.
    (tmp_path / "fd").symlink_to("/proc/self/fd")
    name = str(tmp_path / name)
    path = tmp_path / "x.md"
    with path.open("w+") as file:
        codec.write_atomic(Path(name.format(file.fileno())), NEW)
        assert os.path.samestat(os.fstat(file.fileno()), path.stat())
    assert path.read_text() == NEW
    near, far = os.pipe()
    codec.write_atomic(Path(name.format(far)), NEW)
    assert os.read(near, 100).decode() == NEW
    os.close(near)
    os.close(far)


@pytest.mark.parametrize("name", ["/proc/self/fd/{}", "/proc/thread-self/fd/{}", "fd/{}", "link"])
@pytest.mark.parametrize("mode", ["a", "a+", "r+"])
def test_what_was_written_before_by_a_descriptor_is_kept(
    tmp_path: Path, name: str, mode: str
) -> None:
    (tmp_path / "fd").symlink_to("/proc/self/fd")
    path = tmp_path / "x.md"
    path.write_text("" if mode == "r+" else "kept\n")
    with path.open(mode) as file:
        if mode == "r+":
            file.write("kept\n")
            file.flush()
        (tmp_path / "link").symlink_to(f"/proc/self/fd/{file.fileno()}")
        codec.write_atomic(Path(str(tmp_path / name).format(file.fileno())), NEW)
        file.write("and more\n")
    assert path.read_text() == "kept\nnew words\nand more\n"


def test_a_descriptor_that_only_reads_is_not_written_past(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("kept\n")
    with path.open() as file, pytest.raises(OSError, match="Bad file descriptor"):
        codec.write_atomic(Path(f"/proc/self/fd/{file.fileno()}"), NEW)
    assert path.read_text() == "kept\n"


def test_what_our_own_stdout_writes_to_is_written_by_it_and_not_cut(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from remote_payload.contract import codec\n"
        "print('before'); codec.write_atomic(Path(sys.argv[1]), 'text\\n'); print('after')"
    )
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout, but our own
    for name in (tmp_path / "stdout", "/proc/self/fd/1", tmp_path / "out"):
        with (tmp_path / "out").open("w") as out:
            subprocess.run([sys.executable, "-c", program, str(name)], stdout=out, check=True)
        assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"


def circle(place: Path) -> Path:
    (place / "circle").symlink_to("circle")
    return place / "circle"


def a_folder(place: Path) -> Path:
    (place / "folder").mkdir()
    return place / "folder"


def below_a_file(place: Path) -> Path:
    (place / "file").write_text("")
    return place / "file" / "x.md"


@pytest.mark.parametrize(
    ("where", "number"),
    [
        (circle, errno.ELOOP),
        (a_folder, errno.EISDIR),
        (below_a_file, errno.ENOTDIR),
        (lambda place: place / "missing" / "x.md", errno.ENOENT),
        (lambda place: place / ("x" * 300), errno.ENAMETOOLONG),
    ],
)
def test_what_cannot_be_written_is_named_and_nothing_is_left(
    tmp_path: Path, where: Callable[[Path], Path], number: int
) -> None:
    path = where(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OSError) as caught:
        codec.write_atomic(path, NEW)
    assert caught.value.errno == number
    assert caught.value.filename == str(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_name_as_long_as_names_may_be_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127)
    codec.write_atomic(path, NEW)
    codec.write_atomic(path, NEW)
    assert beside(path) == [path.name]


@pytest.mark.parametrize("names", [1, 2])
def test_a_full_disk_keeps_the_old_content_and_no_half_file(tmp_path: Path, names: int) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        path = disk / "x.md"
        path.write_text("old")
        if names == 2:
            (disk / "y.md").hardlink_to(path)
        with pytest.raises(OSError, match="No space left") as caught:
            codec.write_atomic(path, "x" * 200_000)
        assert caught.value.filename == str(path)
        assert path.read_text() == "old"
        assert "partial" not in "".join(beside(path))


def test_text_that_is_no_unicode_is_written_with_escapes(tmp_path: Path) -> None:
    """Such as a file name of a Latin-1 locale in the command that a report repeats."""
    codec.write_atomic(tmp_path / "x.md", "caf\udce9 é")
    assert (tmp_path / "x.md").read_text("utf-8") == "caf\\udce9 é"


@needs_root
def test_where_no_second_file_may_be_made_the_first_is_overwritten(tmp_path: Path) -> None:
    """As in a folder of somebody else, or for a file that is mounted by itself."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "x.md"
    path.write_text("old and a good deal longer than what comes")
    path.chmod(0o666)
    folder.chmod(0o555)
    tmp_path.chmod(0o755)
    program = "import os; from pathlib import Path; from remote_payload.contract import codec\n"
    program += "os.setgid(12345); os.setuid(12345)\n"
    program += "codec.write_atomic(Path('x.md'), 'new words\\n')"
    # From within, since nobody else may pass through the folders above.
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert path.read_text() == NEW
