"""GPU MODE: tasks of a `task.yml` and a `reference.py`, as their form has them."""
