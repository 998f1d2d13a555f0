# What every agent's text begins with. Any Python since 2.6 can read it, so that one that is too old
# says so: the rest follows as a string, which only a Python that is new enough gets to read.
import sys

if sys.version_info < (3, 9):
    sys.stderr.write("python too old: %d.%d, need 3.9\n" % sys.version_info[:2])
    sys.exit(86)
