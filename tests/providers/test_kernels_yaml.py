"""What kernels.yaml says of a provider's compiling reaches nvcc, from a folder of one's own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Outcome
from tests.providers.places import needs_nvcc
from tests.providers.test_examples import SIZES, records

FILE = """operators:
  attention:
    providers:
      told:
        target: needs.cu:attention
        include: common
        defines: NEEDED=1
      untold: {target: "needs.cu:attention", include: common}
"""
NEEDS = '#ifndef NEEDED\n#error "NEEDED is not defined"\n#endif\n'


@needs_nvcc
def test_each_entry_is_compiled_as_it_says_and_no_other_entrys_words_help_it(
    elsewhere: Callable[..., Outcome],
) -> None:
    Path("common").mkdir()
    shutil.move("element.cuh", "common")
    Path("needs.cu").write_text(NEEDS + Path("attention.cu").read_text("utf-8"))
    Path("kernels.yaml").write_text(FILE)
    found = records(
        elsewhere("check", *SIZES, "--arch", "sm_90a", "--providers", "told,untold,sdpa", "--json")
    )
    said = r"compiled, not run: no GPU here \(nvcc \S+ for sm_90a with .*-DNEEDED=1\)"
    assert re.fullmatch(said, found["told"]["reason"])
    assert found["untold"]["status"] == "failed"
    assert '#error "NEEDED is not defined"' in found["untold"]["reason"]
    assert found["sdpa"]["status"] == "ok"
