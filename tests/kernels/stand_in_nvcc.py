"""Toolkits that answer as nvcc does and compile by g++: small enough to make and change by dozens."""

from __future__ import annotations

from pathlib import Path

# It is called as the real one is: with flags from the environment around its own, -ccbin, options
# from a file, -dryrun, -MD. Words that mean nothing to g++ are dropped.
_NVCC = r"""#!/bin/sh
top=$(dirname "$(dirname "$0")")
case "$1" in
  --version) echo 'Cuda compilation tools, release @release@, V@release@.1'; exit ;;
  --list-gpu-code) printf 'sm_80\nsm_90\nsm_100\n'; exit ;;
esac
set -- $NVCC_PREPEND_FLAGS "$@" $NVCC_APPEND_FLAGS
host=${NVCC_CCBIN:-g++} given= dry= linking=yes
while [ $# -gt 0 ]; do
  case "$1" in
    -Xcompiler | -cudart | -gencode | -Xptxas | --threads) shift ;;
    -lineinfo) ;;
    -G) given="$given -O0 -DDEBUG" ;;
    -dryrun) dry=yes ;;
    -ccbin) host=$2; shift ;;
    -optf) given="$given $(cat "$2")"; shift ;;
    -c) given="$given -c"; linking= ;;
    *.cu) given="$given -x c++ $1 -x none" ;;
    *) given="$given $1" ;;
  esac
  shift
done
if [ "$dry" ]; then echo "#\$ TOP=$top/bin/.."; echo "#\$ $host -E $given"; exit; fi
for word in $given; do case "$word" in *.cu) echo "$word" >> '@calls@' ;; esac; done
exec $host -fPIC $given
"""
_HOST = """#!/bin/sh
[ "$1" = --version ] && { echo 'g++ (stand-in) @version@'; exit; }
exec /usr/bin/g++ "$@"
"""


def toolkit(folder: Path, calls: Path, release: str = "12.4") -> Path:
    """A toolkit in `folder`; each .cu file that it compiles is a line of the file `calls`."""
    nvcc = folder / "bin" / "nvcc"
    nvcc.parent.mkdir(parents=True, exist_ok=True)
    _program(nvcc, _NVCC.replace("@release@", release).replace("@calls@", str(calls)))
    return folder


def host_compiler(path: Path, version: str = "12.2.0") -> Path:
    """A g++ that says this version of itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _program(path, _HOST.replace("@version@", version))
    return path


def _program(path: Path, text: str) -> None:
    # A program that is replaced has another inode: one that runs is never written to.
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)
