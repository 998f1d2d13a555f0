"""A contact with a GPU machine that is ours for minutes: what is asked of it, what comes home."""
