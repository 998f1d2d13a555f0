"""Run folders damaged at random, and every command that reads them; `make fuzz` does it at length."""
