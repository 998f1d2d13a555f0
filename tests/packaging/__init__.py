"""The package as strangers get it: a wheel, a source archive, and what works from them alone."""
