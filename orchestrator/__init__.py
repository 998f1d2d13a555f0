"""BlackwellSparseK's orchestrator: sync, build, measure and report on remote GPU hosts."""

__version__ = "0.1.0"
