"""What a host's jobs find in their environment: `env`, and the keys that set variables too."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InventoryError
from orchestrator.store.inventory.edit import add_host
from orchestrator.store.inventory.reading import Inventory, load

HEAD = "hosts:\n  a:\n    transport: local\n"


def read(folder: Path, text: str, **environ: str) -> Inventory:
    path = folder / "inventory.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def test_cuda_home_is_what_jobs_find_as_cuda_home(tmp_path: Path) -> None:
    text = HEAD + "    cuda_home: /usr/local/cuda-12.4/\n    env: {LEVEL: two}\n"
    host = read(tmp_path, text).host("a")
    assert host.cuda_home == "/usr/local/cuda-12.4"
    assert dict(host.env) == {"LEVEL": "two", "CUDA_HOME": "/usr/local/cuda-12.4"}


def test_cuda_home_may_be_a_default_and_a_variable_and_said_twice_alike(tmp_path: Path) -> None:
    text = "defaults: {cuda_home: '${KIT}'}\n" + HEAD + "    env: {CUDA_HOME: /opt/cuda}\n"
    assert read(tmp_path, text, KIT="/opt/cuda").host("a").cuda_home == "/opt/cuda"


@pytest.mark.parametrize("value", ["cuda", "~/cuda", "/", '""', "/a//b", "{a: b}"])
def test_a_cuda_home_that_is_no_absolute_folder_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, HEAD + f"    cuda_home: {value}\n")
    assert (
        "inventory.yaml:4: hosts.a.cuda_home: expected the absolute path of a CUDA toolkit's"
        in (caught.value.message)
    )


@pytest.mark.parametrize(
    ("keys", "key", "words", "mend"),
    [
        ("cuda_home: /a\n    env: {CUDA_HOME: /b}", "CUDA_HOME", "'/b' here, and cuda_home says '/a'", "remove cuda_home, or CUDA_HOME from env"),
        ("gpu: 1\n    env: {CUDA_VISIBLE_DEVICES: '0,1'}", "CUDA_VISIBLE_DEVICES", "'0,1' here, and gpu says '1'", "remove gpu, or CUDA_VISIBLE_DEVICES from env"),
        ("env: {BLACKWELL_SPARSEK_JOB: x}\n    gpu: 0", "BLACKWELL_SPARSEK_JOB", "is set by us in every job", "remove BLACKWELL_SPARSEK_JOB from env"),
        ("env: {BLACKWELL_SPARSEK_LIBRARY: /x.so}\n    gpu: 0", "BLACKWELL_SPARSEK_LIBRARY", "is set by us", "from env"),
        ("env: {PYTHONUNBUFFERED: ''}\n    gpu: 0", "PYTHONUNBUFFERED", "is on in every job", "from env"),
    ],
)  # fmt: skip
def test_what_two_keys_say_differently_is_refused_by_file_line_and_key(
    tmp_path: Path, keys: str, key: str, words: str, mend: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, HEAD + f"    {keys}\n")
    assert f"hosts.a.env.{key}: {words}" in caught.value.message
    assert "inventory.yaml:" in caught.value.message
    assert mend in (caught.value.hint or "")


def test_agreeing_words_and_other_variables_pass(tmp_path: Path) -> None:
    env = "{CUDA_VISIBLE_DEVICES: '1', PYTHONPATH: /x, PYTHONUNBUFFERED: 1, TMPDIR: /y}"
    host = read(tmp_path, HEAD + f"    gpu: 1\n    env: {env}\n").host("a")
    assert host.environment["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_variable_that_is_missing_is_told_as_missing_and_not_as_different(tmp_path: Path) -> None:
    text = HEAD + "    cuda_home: /a\n    env: {CUDA_HOME: '${KIT}'}\n"
    inventory = read(tmp_path, text)
    assert inventory.entry("a").problem == (
        "hosts.a.env.CUDA_HOME: the environment variable KIT is not set"
    )
    inventory = read(tmp_path, text, KIT="/b")
    assert "hosts.a.env.CUDA_HOME: '/b' here, and cuda_home says" in inventory.entry("a").problem


def test_a_host_can_be_added_with_its_cuda_home(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    fields = {"transport": "local", "cuda_home": "/opt/cuda"}
    assert add_host(path, "a", fields, {}).host("a").cuda_home == "/opt/cuda"
    assert "    cuda_home: /opt/cuda\n" in path.read_text()


def test_flags_and_the_host_compiler_reach_nvcc_and_torch_by_the_environment(
    tmp_path: Path,
) -> None:
    text = (
        HEAD + "    nvcc_flags: -lineinfo  -maxrregcount=64\n    host_compiler: /usr/bin/g++-12\n"
    )
    host = read(tmp_path, text).host("a")
    assert (host.nvcc_flags, host.host_compiler) == (
        "-lineinfo -maxrregcount=64",
        "/usr/bin/g++-12",
    )
    assert dict(host.env) == {
        "NVCC_PREPEND_FLAGS": "-ccbin /usr/bin/g++-12 -lineinfo -maxrregcount=64",
        "CXX": "/usr/bin/g++-12",
    }


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("nvcc_flags: -o /tmp/x", "nvcc_flags: -o is not taken: what is made"),
        ("nvcc_flags: -maxrregcount 64", "nvcc_flags: '64' is no flag of nvcc: a value is joined"),
        ("nvcc_flags: -I../x", "nvcc_flags: -I: expected a path on the host"),
        ("host_compiler: g++", "host_compiler: expected the absolute path of a C++ compiler"),
        (
            "nvcc_flags: -G\n    env: {NVCC_PREPEND_FLAGS: -g}",
            "env.NVCC_PREPEND_FLAGS: '-g' here, and nvcc_flags says '-G'",
        ),
    ],
)
def test_flags_that_cannot_be_meant_are_refused_by_line_and_key(
    tmp_path: Path, keys: str, words: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, HEAD + f"    {keys}\n")
    assert f"hosts.a.{words}" in caught.value.message
