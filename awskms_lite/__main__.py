"""`python -m awskms_lite`: the same command as `awskms-lite`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
