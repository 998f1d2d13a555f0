"""What files of results from elsewhere claim, and what of it contradicts itself or physics."""
