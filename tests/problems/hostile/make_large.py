"""Write what is too large to lie here: `python make_large.py FOLDER`.

axes_10000.json: a sound definition of 10,000 axes, 400 kB. deep_100000.json, deep_object.json: JSON
nested 100,000 deep. long_line.jsonl: a workload with a description of 64 MB. deep.yml, wide.yml: a
task.yml nested 50,000 deep, and one of 200,000 tests. big_file.py: 30 MB of comments and a Model.
"""

import json
import sys
from pathlib import Path

_DEFINITION = {
    "name": "large",
    "op_type": "behaviour",
    "axes": {"n": {"type": "var"}},
    "inputs": {"x": {"shape": ["n"], "dtype": "float32"}},
    "outputs": {"y": {"shape": ["n"], "dtype": "float32"}},
    "reference": "def run(x):\n    return x + 1\n",
}
_TASK = """files:
  - {"name": "submission.py", "source": "@SUBMISSION@"}
  - {"name": "reference.py", "source": "reference.py"}
lang: "py"
config: {main: "eval.py"}
"""


def _deep(opening: str, closing: str, depth: int) -> str:
    return opening * depth + "0" + closing * depth


def _with(key: str, text: str) -> str:
    """The definition with one key more, given as text."""
    return json.dumps(_DEFINITION)[:-1] + f', "{key}": {text}}}'


def main(folder: Path) -> None:
    axes = {f"axis_{i}": {"type": "const", "value": i} for i in range(9_999)}
    tests = "".join(f'  - {{"n": {i + 1}, "seed": {i}}}\n' for i in range(200_000))
    workload = {"uuid": "large", "axes": {"n": 3}, "inputs": {"x": {"type": "random"}}}
    line = {"definition": "large", "description": "x" * 64_000_000, "workload": workload}
    model = "import torch.nn as nn\n\n\nclass Model(nn.Module):\n    pass\n"
    for name, text in {
        "axes_10000.json": json.dumps({**_DEFINITION, "axes": {**_DEFINITION["axes"], **axes}}),
        "deep_100000.json": _with("tags", _deep("[", "]", 100_000)),
        "deep_object.json": _with("tags", _deep('{"a": ', "}", 100_000)),
        "long_line.jsonl": json.dumps(line) + "\n",
        "deep.yml": _TASK + "tests: " + _deep("[", "]", 50_000) + "\n",
        "wide.yml": _TASK + "tests:\n" + tests,
        "big_file.py": model + "# filled\n" * (30_000_000 // 9),
    }.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
