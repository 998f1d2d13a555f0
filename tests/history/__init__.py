"""What runs tell of commits, by the real command line over folders of runs."""
