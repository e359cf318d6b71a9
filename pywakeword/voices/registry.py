"""The voices by name, and how to add one.

A class with the members of `Voice` is a voice; this is a whole one::

    import numpy as np
    from pywakeword.voices import VoiceEntry, register

    class Mine:
        name = "mine"
        sample_rate = 22050
        speakers = ("me",)
        languages = ("en-us",)

        def synthesize(self, text, speaker=None, *, speed=1.0, seed=0, language=None):
            return my_engine.speak(text, rate=speed).astype(np.float32)

    register(VoiceEntry("mine", "my own engine", licence="MIT", open=Mine))

A package adds a voice for every process, the command line and the workers included, by an
entry point of the group `pywakeword.voices` whose object is a `VoiceEntry`::

    [project.entry-points."pywakeword.voices"]
    mine = "my_package:ENTRY"
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points

from pywakeword._checks import check_type
from pywakeword.voices.engines.builtin import BUILT_IN
from pywakeword.voices.entry import VoiceEntry
from pywakeword.voices.voice import Voice

GROUP = "pywakeword.voices"


_ENTRIES: dict[str, VoiceEntry] = {}


def register(entry: VoiceEntry) -> None:
    """Add a voice to this process.

    Raises
    ------
    ValueError
        If the name is taken.
    """
    check_type("entry", entry, VoiceEntry)
    if entry.name in entries():
        raise ValueError(f"there is already a voice {entry.name!r}")
    _ENTRIES[entry.name] = entry


def entries() -> dict[str, VoiceEntry]:
    """Return every voice by its name: built in, from other packages, registered."""
    plugins = [point.load() for point in _entry_points()]
    return {entry.name: entry for entry in (*BUILT_IN, *plugins, *_ENTRIES.values())}


def entry(name: str) -> VoiceEntry:
    """Return one voice's entry.

    Raises
    ------
    ValueError
        If there is no such voice.
    """
    check_type("name", name, str)
    known = entries()
    if name not in known:
        raise ValueError(f"no voice {name!r}; the voices are: {', '.join(known)}")
    return known[name]


def open_voice(name: str) -> Voice:
    """Load a voice.

    Raises
    ------
    ValueError
        If there is no such voice.
    VoiceNotInstalledError
        If it is not on this machine.
    MissingExtraError
        If the voice needs an extra that is not installed.
    """
    return entry(name).open()


def _entry_points() -> list[EntryPoint]:
    if sys.version_info >= (3, 10):
        return list(entry_points(group=GROUP))
    return list(entry_points().get(GROUP, ()))
