"""Runs the console script `pywakeword` as `python -m pywakeword`."""

import sys

from pywakeword.cli import main

sys.exit(main())
