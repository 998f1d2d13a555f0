"""One request carried out."""
