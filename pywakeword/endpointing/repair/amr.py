"""`AmrRepair`: finds the missing role in the AMR graph of a command (amrlib)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.endpointing.repair.frames import NOT_UNDERSTOOD, Repair
from pywakeword.errors import ModelError

# Roles that a command needs, in PropBank's numbering, with the question for each; "set timer" is
# the verb with its object, whose own roles count too ("a ten-minute timer"). For other predicates,
# the question asks for the object.
AMR_ROLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "set": ((":ARG1", "What should I set?"), (":ARG2|:time|:duration", "For when?")),
    "set timer": ((":duration|:ARG2|:time", "For how long?"),),
    "set alarm": ((":time|:ARG2", "For what time?"),),
    "book": (
        (":ARG1", "What should I book?"),
        (":beneficiary|:time|:ARG2|:ARG4|:purpose|:destination", "For whom, and when?"),
    ),
    "send": ((":ARG1", "What should I send?"), (":ARG2", "To whom?")),
    "remind": ((":ARG2", "What should I remind you of?"),),
    "wake": ((":time", "At what time?"),),
    "add": ((":ARG1", "What should I add?"),),
    "call": ((":ARG1", "Whom should I call?"),),
}
_VERB = re.compile(r"([a-z]+(?:-[a-z]+)*)-\d\d+")


class AmrRepair:
    """A hook for `TruncationCheck` that parses the transcript into an AMR graph.

    Parameters
    ----------
    model_dir : path, optional
        amrlib's sentence-to-graph model, a separate download. Default: amrlib's
        `model_stog`.
    parse : callable, optional
        Another parser, from a sentence to a graph in PENMAN notation. It replaces amrlib.
    roles : mapping
        Needed roles per verb, like `AMR_ROLES`. `|` separates alternatives.

    Raises
    ------
    MissingExtraError
        If amrlib or penman is not installed.
    ModelError
        If amrlib's model is missing or cannot be loaded.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike[str] | None = None,
        *,
        parse: Callable[[str], str] | None = None,
        roles: Mapping[str, tuple[tuple[str, str], ...]] = AMR_ROLES,
    ) -> None:
        self._penman = require("penman", "amr")
        self._parse = _amrlib_parser(model_dir) if parse is None else parse
        self._roles = roles

    def __call__(self, transcript: str, audio: npt.NDArray[np.int16], probability: float) -> Repair:
        """Return what to ask; see `RepairHook`.

        Raises
        ------
        ModelError
            If the parser does not return a graph.
        """
        if not transcript.strip():
            return Repair(NOT_UNDERSTOOD)
        text = self._parse(transcript)
        try:
            graph = self._penman.decode(text)
        except self._penman.PenmanError as error:
            raise ModelError(f"the parser's answer is no AMR graph: {error}") from error
        concepts = {instance.source: instance.target for instance in graph.instances()}
        verb = _VERB.fullmatch(str(concepts.get(graph.top)))
        if verb is None:
            return Repair(NOT_UNDERSTOOD, graph=graph)
        roles = _roles_of(graph, graph.top)
        thing = next((edge.target for edge in graph.edges(graph.top, ":ARG1")), None)
        name = f"{verb[1]} {concepts.get(thing)}"
        if name in self._roles:
            roles |= _roles_of(graph, thing)
        for role, question in self._roles.get(name) or self._needed(verb[1]):
            if roles.isdisjoint(role.split("|")):
                return Repair(question, role, verb[1], graph)
        return Repair(None, None, verb[1], graph)

    def _needed(self, verb: str) -> tuple[tuple[str, str], ...]:
        default = ((":ARG1", f"What should I {verb.replace('-', ' ')}?"),)
        return self._roles.get(verb, default)


def _roles_of(graph: Any, node: Any) -> set[str]:
    return {edge.role for edge in (*graph.edges(node), *graph.attributes(node))}


def _amrlib_parser(model_dir: str | os.PathLike[str] | None) -> Callable[[str], str]:
    amrlib = require("amrlib", "amr")
    try:
        model: Any = amrlib.load_stog_model(None if model_dir is None else os.fspath(model_dir))
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"amrlib's sentence-to-graph model cannot be loaded: {error}") from error

    def parse(sentence: str) -> str:
        graphs: list[str] = model.parse_sents([sentence])
        return graphs[0]

    return parse
