"""The machine watched while times are taken: a process that sleeps, looks, and writes down."""
