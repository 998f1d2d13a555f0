"""From stored runs to pages; offline."""
