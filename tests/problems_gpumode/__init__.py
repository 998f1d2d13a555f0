"""Tasks in the form of GPU MODE, from task.yml to a verdict."""
