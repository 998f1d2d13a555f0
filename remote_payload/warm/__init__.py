"""One process that serves turn after turn over one open channel: `serving` speaks with the other
end and keeps the limits, `turns` is the payload beneath it, which stays warm."""
