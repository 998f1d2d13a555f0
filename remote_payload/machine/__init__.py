"""What there is to know of the machine, and its clocks."""
