"""The verb runs and what stands under it."""
