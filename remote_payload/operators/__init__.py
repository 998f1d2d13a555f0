"""What is computed: one folder for each operator."""
