"""The judge apart from the judged: what stages that call providers say to either."""
