"""``python -m lianfang`` is ``lianfang``."""

import sys

from lianfang.config.cli import main

if __name__ == "__main__":
    sys.exit(main())
