"""The residual stream's sum and its RMSNorm in one call."""
