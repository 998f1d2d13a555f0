"""What no call can beat on the machine of a run, whatever is known of it."""
