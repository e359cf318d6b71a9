"""`python -m pywakeword` is the console script `pywakeword`."""

import sys

from pywakeword.cli import main

sys.exit(main())
