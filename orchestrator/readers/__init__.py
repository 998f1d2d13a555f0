"""Reading what other people's tools print."""
