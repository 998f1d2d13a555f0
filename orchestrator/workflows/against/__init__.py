"""A git revision beside what is there now, in one snapshot and one race."""
