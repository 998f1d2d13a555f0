"""The verb hosts and what stands under it."""
