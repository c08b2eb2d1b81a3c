"""Spellings: the name key of teams, and nicknames that differ only in how they are written."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from rapidfuzz.distance import Levenshtein

Lineup = tuple[str, ...]

_FILLER = re.compile(r"\b(the|team|e-?sports?|gaming|clan|club)\b")
_OTHER = re.compile(r"[^a-z0-9]")
_TEAM_ALIASES = {"natusvincere": "navi", "ninjasinpyjamas": "nip"}
_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "l": "i", "3": "e", "4": "a", "5": "s", "7": "t"})

SIMILAR = 0.62
"""Similarity (1 − Levenshtein distance / longer length) of folded nicknames above which two spellings may be one."""


def team_key(name: str) -> str:
    """Name of a team without filler words, case and punctuation: a hint, not an identity (``data/README``)."""
    key = _OTHER.sub("", _FILLER.sub("", name.lower())) or "x"
    return _TEAM_ALIASES.get(key, key)


def fold(nickname: str) -> str:
    """Nickname without case, punctuation and look-alike digits: ``fl4sh`` and ``Flash`` fold to one."""
    folded = nickname.casefold().translate(_LOOKALIKES)
    return re.sub(r"[\W_]", "", folded) or folded


def canonical_nicknames(lineups: Collection[Lineup]) -> dict[str, str]:
    """Spellings that stand for another spelling, by lineups that are otherwise equal.

    Two spellings are one player when they stand beside the same four players and are alike once folded. The one in
    more lineups is kept, then the one that sorts first.

    Args:
        lineups: Distinct lineups of five nicknames each.

    Returns:
        The kept spelling by replaced spelling.
    """
    counts: dict[str, int] = defaultdict(int)
    fifths: dict[frozenset[str], set[str]] = defaultdict(set)
    for lineup in lineups:
        members = frozenset(lineup)
        for nickname in members:
            counts[nickname] += 1
            fifths[members - {nickname}].add(nickname)
    together = _pairs_seen_together(lineups)
    replaced: dict[str, str] = {}
    for candidates in fifths.values():
        if len(candidates) > 1:
            ordered = sorted(candidates, key=lambda name: (-counts[name], name))
            for position, name in enumerate(ordered):
                for better in ordered[:position]:
                    if frozenset((name, better)) not in together and _alike(name, better):
                        replaced.setdefault(name, better)
                        break
    return {name: _root(name, replaced) for name in replaced}


def _alike(name: str, other: str) -> bool:
    first, second = fold(name), fold(other)
    return first == second or Levenshtein.normalized_similarity(first, second) > SIMILAR


def _pairs_seen_together(lineups: Iterable[Lineup]) -> set[frozenset[str]]:
    """Pairs of nicknames that stood in one lineup: certainly two people."""
    return {
        frozenset((first, second))
        for lineup in lineups
        for position, first in enumerate(lineup)
        for second in lineup[position + 1 :]
    }


def _root(name: str, replaced: dict[str, str]) -> str:
    seen = {name}
    while name in replaced and replaced[name] not in seen:
        name = replaced[name]
        seen.add(name)
    return name
