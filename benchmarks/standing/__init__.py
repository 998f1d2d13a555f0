"""Whether verdicts stand: reports of the real command line on providers whose truth is known."""
