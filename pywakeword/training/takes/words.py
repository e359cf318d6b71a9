"""What is said of a wake word: how it is spoken, what sounds like it, and parts of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A wake word's own material.

    Attributes
    ----------
    spoken : tuple of str
        How it is written to be spoken; more than one where people say it in more ways.
    near_misses : tuple of str
        Words and phrases that sound like it.
    partials : tuple of str
        Parts of it, and words that it is taken for.
    """

    spoken: tuple[str, ...]
    near_misses: tuple[str, ...]
    partials: tuple[str, ...]


_NEAR_MISSES = {
    "alexa": (
        "a lexus", "alexander", "electra", "alexis", "alexandra", "alexei", "election", "elixir",
        "a lecture", "a letter", "relax a", "next uh", "allergic", "a lesson", "unless a",
        "molecular", "Texas a", "flex a", "checks a", "elect a", "a lexicon", "reflex", "eleven",
        "alaska", "galaxy", "Dallas Texas", "a lever", "alec said", "a legend", "ask her",
        "annexa", "electric", "a luxury", "a lesser", "perplexed", "Lex Luthor", "I'll ask a",
        "vortexa", "Alexandria", "collects a", "selects a", "complex a", "a leg so", "I like it so",
    ),
    "computer": (
        "commuter", "compute", "computing", "computation", "competitor", "compete", "company",
        "complete", "come here", "come to her", "pewter", "confuser", "consumer", "composer",
        "recruiter", "tutor", "router", "scooter", "shooter", "come put her", "disputer",
        "compared to", "compiler", "competent", "commander", "compost", "kung fu", "jupiter",
        "can do it", "comfort her", "suitor", "the cuter one", "neuter", "compote",
        "committed to her", "compete here", "complete her", "convert her", "can shoot her",
        "contributor", "compositor", "commute", "some future", "come sit here", "polluter",
    ),
    "amazon": (
        "amazing", "amazonian", "a mason", "amazed", "amass on", "a mess on", "Madison", "Damascus",
        "am on", "Ramadan", "a maze", "a mansion", "emission", "omission", "Hamilton", "Emerson",
        "Anderson", "the marathon", "comparison", "American", "salmon", "imagine", "Addison",
        "Jamison", "amusing", "a museum", "amazingly", "armour on", "camera on", "hammers on",
        "stamina", "ham is on", "a missing", "Amerson", "Tamsin", "abandon", "grammar's on",
        "the horizon", "cinnamon", "a lesson", "Thomson", "Amherst", "jam is on",
    ),
    "echo": (
        "gecko", "echoes of", "eco", "ego", "deco", "ecology", "ekko's", "equal", "tech co",
        "pecking", "Becca", "decker", "lego", "hello", "cocoa", "taco", "psycho", "go", "Mexico",
        "recall", "wrecker", "echelon", "etc", "acorn", "record", "check oh", "tempo", "memo",
        "ecosystem", "economy", "special", "bellow", "eccles", "mackerel", "let go", "get going",
        "peccadillo", "Art Deco", "Greco", "Nikko", "arco", "elbow", "echoing", "speckled",
    ),
    "hey_samuel": (
        "hey sam", "hey sandra", "hey samantha", "hey manuel", "hey Daniel", "same as well",
        "hey some more", "they sample", "a sample", "hey Sammy", "hey salmon", "they sang well",
        "hey sandwich", "eighty samples", "say sam you will", "hey Emmanuel", "hey Saddle",
        "hey cinema", "hey angel", "hey Samson", "hey family", "samurai", "hey annual",
        "hey simmer", "pay Samuel's", "hey camel", "a manual", "hey all", "hey summer",
        "they saw you all", "hey seminar", "may some you all", "hey Stanley", "hey Sally",
        "the same mule", "hey symbol", "hey smell", "play some mule", "hey gradual",
    ),
    "hey_jarvis": (
        "hey jarred", "hey Travis", "hey service", "hey Jarrod", "hey harvest", "hey jars",
        "hey Charles", "hey Davis", "hey carve this", "hey Marvin", "hey Jervis", "hey John",
        "hey Java", "a jar of this", "hey jar is", "hey harvest", "hey Carl", "day job is",
        "they jar this", "hey joyous", "hey novice", "hey Jasmine", "hey artist", "hey Avis",
        "hey starve us", "hey Jarvie", "say Travis", "hey Purvis", "hey job is", "hey Elvis",
        "hey Jonas", "hey Doris", "hey office", "hey drive us", "pay service", "may charge us",
        "hey garbage", "hey Chavez", "hey large is", "hey Jack",
    ),
    "okay_nabu": (
        "okay nah", "ok nabob", "okay now", "okay bamboo", "okay Abu", "okay, not you",
        "okay nibble", "okay now do", "okay you", "okay neighbour", "okay taboo", "okay Naboo's",
        "okay nearby", "okay, napping", "okay boo", "okay baboon", "OK no but", "okay nobody",
        "okay number", "okay Nathan", "okay maybe", "okay Malibu", "okay, not blue", "okay tattoo",
        "okay Nemo", "okay noodle", "okay knock you", "okay apple", "okay nephew", "okay new",
        "okay menu", "okay can you", "okay map you", "okay nappy", "okay narrow", "a caribou",
        "hockey nabs you", "okay, and a boo", "okay canoe", "okay Nancy",
    ),
}  # fmt: skip

_PARTIALS = {
    "alexa": ("a lex", "alex", "lexa", "alec", "exa", "a"),
    "computer": ("com", "compu", "puter", "pewter", "comp", "computed"),
    "amazon": ("ama", "amaz", "zone", "mason", "am", "amaze"),
    "echo": ("ek", "co", "go", "eck", "oh"),
    "hey_samuel": ("hey", "samuel", "sam", "hey sam", "hey you", "hello samuel"),
    "hey_jarvis": ("hey", "jarvis", "hey jar", "hey you", "jar", "hello jarvis"),
    "okay_nabu": ("ok", "okay", "nabu", "okay now", "okay na", "boo"),
}

_SPOKEN = {"okay_nabu": ("okay nabu", "ok nabu")}

WORDS: dict[str, Word] = {
    name: Word(_SPOKEN.get(name, (name.replace("_", " "),)), near_misses, _PARTIALS[name])
    for name, near_misses in _NEAR_MISSES.items()
}
