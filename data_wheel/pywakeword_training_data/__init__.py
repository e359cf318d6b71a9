"""Data files for `pywakeword train`; `pywakeword.training.data.package` reads them."""
