"""Deprecated: the name of `pywakeword.measure.evaluation` before 0.2."""

from pywakeword.measure.evaluation import *  # noqa: F403
