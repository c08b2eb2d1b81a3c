"""Spellings of names: the keys of team and map names, and nicknames that are alike."""

import re
import unicodedata
from functools import cache

from rapidfuzz.distance import Levenshtein

Lineup = tuple[str, ...]

_FILLER = re.compile(r"\b(the|team|e-?sports?|gaming|clan|club)\b")
_SIGNS = re.compile(r"[\W_]")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
"""Letters that are no letter with an accent."""
_TEAM_ALIASES = {"natusvincere": "navi", "ninjasinpyjamas": "nip"}
_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "l": "i", "3": "e", "4": "a", "5": "s", "7": "t"})

SIMILAR = 0.62
"""Similarity (1 − Levenshtein distance / longer length) of folded nicknames above which two spellings may be one."""


@cache
def team_key(name: str) -> str:
    """Return a team name without filler words, case, accents, invisible signs and punctuation.

    Letters of every script stay. A name without any other word or letter is its own key. Two teams can share a key: see
    homonyms.
    """
    letters = fold_letters(name)
    key = _SIGNS.sub("", _FILLER.sub("", letters)) or _SIGNS.sub("", letters) or "".join(letters.split())
    return _TEAM_ALIASES.get(key, key)


@cache
def fold_letters(name: str) -> str:
    """Return a name without case, accents and invisible signs."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return "".join(sign for sign in decomposed if unicodedata.category(sign) not in ("Mn", "Cf"))


def split_players(text: str) -> Lineup:
    """Split a published lineup (nicknames joined by ``|``) into its nicknames."""
    return tuple(name for part in text.split("|") if (name := part.strip()))


def fold(nickname: str) -> str:
    """Return a nickname without case, punctuation and look-alike digits: ``fl4sh`` and ``Flash`` fold to one."""
    folded = nickname.casefold().translate(_LOOKALIKES)
    return re.sub(r"[\W_]", "", folded) or folded


def are_alike(name: str, other: str) -> bool:
    """Whether two nicknames may be spellings of one, once folded."""
    first, second = fold(name), fold(other)
    return first == second or Levenshtein.normalized_similarity(first, second) > SIMILAR
