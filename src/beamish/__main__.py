"""``python -m beamish``: the command ``beamish``, where it is not on the PATH."""

import sys

from .cli import main

sys.exit(main())
