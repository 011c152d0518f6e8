"""`python -m wetread` is the `wetread` command."""

import sys

from wetread.cli import main

sys.exit(main())
