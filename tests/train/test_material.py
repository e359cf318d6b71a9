"""Near misses and other voices; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from pywakeword.training.material import synthesis
from pywakeword.training.material.near_misses import distance, near_misses, pronunciation
from pywakeword.training.material.versions import warp_voice


def test_near_misses_are_close_in_sound_and_never_the_word() -> None:
    found = near_misses("computer")
    assert {"commuter", "compute"} <= set(found)
    assert not {"computer", "computers", "computer's"} & set(found)
    apart = [distance(pronunciation("computer"), pronunciation(w)) for w in found]
    assert apart == sorted(apart)


def test_a_compound_has_the_phones_of_its_parts() -> None:
    assert pronunciation("snowboy") == ("S", "N", "OW", "B", "OY")
    assert near_misses("xqzt") == []  # nobody can say it


def test_distance_is_zero_for_equals_and_half_for_a_vowel() -> None:
    assert distance(("K", "AE", "T"), ("K", "AE", "T")) == 0
    assert distance(("K", "AE", "T"), ("K", "AH", "T")) == 0.5
    assert distance(("K", "AE", "T"), ("K", "AE")) == 1


@pytest.mark.parametrize("seed", range(3))
def test_warping_makes_another_voice_of_about_the_same_length(seed: int) -> None:
    spoken = synthesis.speak("computer", synthesis.Voice("flite", "rms"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyworld still asks for pkg_resources
        warped = warp_voice(spoken, np.random.default_rng(seed))
        again = warp_voice(spoken, np.random.default_rng(seed))
    np.testing.assert_array_equal(warped, again)
    assert 0.8 < len(warped) / len(spoken) < 1.25
    assert np.isfinite(warped).all()
    assert np.abs(warped).max() > 0.05
    n = min(len(warped), len(spoken))
    assert np.corrcoef(warped[:n], spoken[:n])[0, 1] < 0.5
