"""Imported last by the process that workers are forked from. What is there by then is there for
good, and no worker's collection looks at it: to look is to write, and so to copy what all of them
share. Of each process that is timed that took a third of a second."""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
