"""Which commit changed a provider: revisions raced until one is left."""
