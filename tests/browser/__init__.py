"""What people see of our pages: a real Chromium opens them, and eyes look for faults."""
