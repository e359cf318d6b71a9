"""Strategies of wrong arguments, and the check that each is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

import pywakeword

Call = Callable[[Any], object]

quick = settings(max_examples=60, deadline=None, derandomize=True)
OBJECTS = st.sampled_from(
    [object(), {"x": 0.5}, {1}, 1j, np.zeros(3), np.array(True), print, Fraction, range(3)]
)
NO_NUMBERS = (
    st.booleans() | st.text(max_size=4) | st.binary(max_size=4) | st.lists(st.floats()) | OBJECTS
)
# No option of the package takes these values.
BAD_NUMBERS = NO_NUMBERS | st.sampled_from(
    [math.nan, -math.inf, -1, -0.5, 10**400, -(10**400), Fraction(-1, 3)]
)
BAD_INTEGERS = NO_NUMBERS | st.sampled_from([math.nan, math.inf, -1, 1.5, 2.0])
NO_NAMES = st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=4) | OBJECTS
NO_TYPES = NO_NAMES | st.text("?!", max_size=4)  # letters could be a name
NO_OPTIONS = NO_TYPES.filter(lambda bad: bad is not None)
# Of an option that takes a name or None, and of one that takes a callable or None.
NO_OPTIONAL_NAMES = NO_NAMES.filter(lambda bad: bad is not None)
# Of an option that takes an object, True or False.
NO_SWITCHES = NO_TYPES.filter(lambda bad: not isinstance(bad, bool))
NO_CALLS = NO_OPTIONS.filter(lambda bad: not callable(bad))


def refuses(call: Call, name: str, bad: object) -> None:
    with pytest.raises((TypeError, ValueError, pywakeword.PyWakewordError), match=name):
        call(bad)
