"""Maintainer's kits, `python -m tools.<kit> <verb>`; not part of the installed package."""
