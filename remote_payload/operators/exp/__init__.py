"""Chains of 2^-x: what the rate of the special function units is measured with."""
