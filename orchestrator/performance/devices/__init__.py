"""Tables of documented peaks, one for each architecture; `performance.device` looks into all."""
