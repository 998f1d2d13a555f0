"""A copy within the device's memory: what its bandwidth is measured with."""
