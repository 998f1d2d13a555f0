"""softmax(scale q kᵀ) v, the first operator."""
