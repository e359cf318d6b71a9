"""Deprecated: the name of `pywakeword.measure.scanning` before 0.2."""

from pywakeword.measure.scanning import *  # noqa: F403
