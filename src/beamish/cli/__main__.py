"""``python -m beamish.cli``: the command ``beamish``, where it is not on the PATH."""

import sys

from .arguments import main

sys.exit(main())
