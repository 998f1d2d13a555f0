"""What runs tell of commits: series of figures, as lines, documents and a chart."""
