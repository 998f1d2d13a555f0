"""How a job is started, followed and ended on a host."""
