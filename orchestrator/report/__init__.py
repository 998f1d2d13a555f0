"""From a stored result to Markdown and SVG, offline."""
