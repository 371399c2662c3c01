"""``python -m graphwalk`` is the command ``graphwalk``."""

import sys

from graphwalk.cli import main

if __name__ == "__main__":
    sys.exit(main())
