"""The view model, which is what templates see: every value is text or bool, nothing is left to
compute. docs/view-model.md is made of these modules (`python -m benchmarks.view_model`)."""
