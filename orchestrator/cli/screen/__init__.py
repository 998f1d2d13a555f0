"""What a person sees and is asked: the standard streams, and the gates before them."""
