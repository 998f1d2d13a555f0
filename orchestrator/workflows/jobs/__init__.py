"""The life of a job, seen from here."""
