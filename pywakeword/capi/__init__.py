"""The core through its C API: the shared library `libpywakeword`, loaded by cffi."""

from pywakeword.capi.library import Library, default_library
from pywakeword.capi.spotter import Model, RawDetection, Spotter

__all__ = ["Library", "Model", "RawDetection", "Spotter", "default_library"]
