"""x / sqrt(mean(x²) + eps) · w over rows."""
