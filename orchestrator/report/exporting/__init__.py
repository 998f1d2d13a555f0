"""Results as other programs read them: pure functions of what a report and a comparison know."""
