from __future__ import annotations

import itertools

import pytest

from pywakeword.errors import SyntaxTreeError
from pywakeword.tts import syntactic_distance
from pywakeword.tts.text.syntax import distances_from_scores, read_tree, spans, spoken, words

FOX = """
(ROOT
  (S
    (S (NP-SBJ (DT The) (JJ brown) (NN fox)) (VP (VBZ is) (ADJP-PRD (JJ quick))))
    (, ,) (CC and)
    (S (NP-SBJ (PRP it))
       (VP (VBZ is) (VP (VBG jumping) (PP (IN over) (NP (DT the) (JJ lazy) (NN dog))))))
    (. .)))
"""
FOX_DISTANCES = [0, 2, 1, 3, 1, 8, 7, 6, 5, 4, 3, 2, 1]


def test_the_published_sentence() -> None:
    assert syntactic_distance(FOX) == FOX_DISTANCES
    text = " ".join(word.text for word in words(spoken(read_tree(FOX))))
    assert text == "The brown fox is quick and it is jumping over the lazy dog"


@pytest.mark.parametrize(
    ("tree", "distances"),
    [
        ("(NN dog)", None),
        ("(NP (NN dog))", [0]),
        ("(ROOT (NP (NP (NP (DT the)) (NN dog))))", [0, 1]),  # unary chains
        ("( (S (NP (DT a) (NN b)) (VP (VB c))) )", [0, 1, 2]),  # no label outside
        ("(X (A a) (B b) (C c) (D d))", [0, 3, 2, 1]),  # binarised to the right
        ("(X (Y (A a) (B b)) (Z (C c) (D d)))", [0, 1, 2, 1]),
        ("(X (`` `) (A a) ('' ') (HYPH -) (B b) (: ;) (-LRB- -LRB-) (-RRB- -RRB-))", [0, 1]),
        ("(X (A a) (NP (-NONE- *T*)) (B b))", [0, 1]),  # a trace is not spoken
        ("(X (A a) (PRN (, ,) (, ,)) (B b))", [0, 1]),  # nor a constituent of punctuation
    ],
)
def test_rules_one_by_one(tree: str, distances: list[int] | None) -> None:
    if distances is None:
        with pytest.raises(SyntaxTreeError):
            syntactic_distance(tree)
    else:
        assert syntactic_distance(tree) == distances


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the tree is empty"),
        (" \n", "the tree is empty"),
        ("a dog", "2 pieces where one tree"),
        ("(NP (NN dog)", "1 brackets are not closed"),
        ("(NP (NN dog)))", "closed that was not opened"),
        ("(NP (NN dog)) (NP (NN cat))", "2 pieces where one tree"),
        ("(NP (NN))", "the bracket (NN) is empty"),
        ("(NP (NN dog cat))", "must hold one word"),
        ("(NP (NN dog) cat)", "must hold one word"),
        ("(ROOT (. .))", "no word that is spoken"),
        ("(X " * 300 + "(A a)" + ")" * 300, "nested more than"),
    ],
)
def test_no_tree(text: str, message: str) -> None:
    with pytest.raises(SyntaxTreeError) as error:
        syntactic_distance(text)
    assert message in str(error.value)


def test_distances_and_binary_trees_say_the_same() -> None:
    for n_words in range(1, 7):
        for order in itertools.permutations(range(n_words - 1)):
            distances = distances_from_scores([0, *order])
            assert distances_from_scores(distances) == distances
            found = spans(distances)
            assert len(found) == n_words - 1
            assert all(
                b <= c or d <= a or (a <= c and d <= b) or (c <= a and b <= d)
                for (a, b), (c, d) in itertools.combinations(found, 2)
            ), "constituents do not cross"
            if n_words > 1:
                # The heights are right: one more than the higher of the two parts.
                height = {span: max(distances[span[0] + 1 : span[1]]) for span in found}
                assert all(h <= b - a - 1 for (a, b), h in height.items())
                assert max(distances) == height[0, n_words]


def test_equal_scores_branch_to_the_right() -> None:
    assert distances_from_scores([0, 1, 1, 1]) == [0, 3, 2, 1]
    assert distances_from_scores([]) == []
    assert distances_from_scores([5.0]) == [0]
    assert spans([0, 1, 2, 1]) == {(0, 2), (2, 4), (0, 4)}


def test_long_texts_do_not_recurse() -> None:
    assert distances_from_scores(range(5000))[-1] == 4999
    assert distances_from_scores([0.0, *range(5000, 0, -1)])[1] == 5000
