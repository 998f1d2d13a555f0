"""This machine: its files and programs, and what it refuses."""
