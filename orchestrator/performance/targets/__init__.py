"""What a run is to reach: judged, and held against what the GPU can do."""
