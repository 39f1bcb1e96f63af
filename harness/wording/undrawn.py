"""rich, imported without a draw from Python's random numbers, which whoever imports this may have seeded."""

import random

_STATE = random.getstate()

import rich.style  # noqa: E402, F401  # numbers its styles from a random number on

random.setstate(_STATE)
