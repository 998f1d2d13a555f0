"""Where things lie under a host's workspace, and what the files of a job are called.

The agents that travel in a command line carry these words in their own text, which a test holds
equal to this.
"""

from __future__ import annotations

# Folders of the workspace. Snapshots: sources by digest; builds: what was compiled, by key; jobs:
# one folder for each run; locks: that of a sync, and where nothing else will do, of devices; warm:
# one folder for each process that serves turn after turn, for as long as it lives.
SNAPSHOTS, BUILDS, JOBS, LOCKS, WARM = "snapshots", "builds", "jobs", "locks", "warm"

# Files of a job, there and in a run's folder here: what was asked, what came of it, all it printed.
REQUEST, RESULT, LOG = "request.json", "result.json", "log.txt"
# How it is supervised: what the supervisor has to know, what it does at this moment, how it ended.
SPEC, STATUS, END = "spec.json", "status.json", "end.json"
# What else a job leaves behind; each stage has a folder of its own in it.
ARTIFACTS = "artifacts"
