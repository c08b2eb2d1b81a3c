"""Bridge of spellings: which nickname of the archive is the player whom bo3.gg calls by a slug.

On maps whose lineups both sources know, the five of bo3.gg and the five of the archive are paired, so that names which
often stand in one lineup, and are alike, come together. The pairs are votes; the nickname with most votes wins. A slug
without a vote is the nickname that is alike once folded and shares a lineup of the archive with one of his company.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from pipelines.spelling import Lineup, fold

_SUFFIX = re.compile(r"(-(cs-?go|cs-?2|cs|csgo|\d{1,2}))+$")
"""What bo3.gg adds to a slug to tell players of one nickname apart."""

_WEIGHT_OF_LIKENESS = 2.0
"""A pair counts the two shares of common lineups, and this times its likeness, each from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Side:
    """Five players on one side of a map, as both sources name them.

    Attributes:
        day: ISO date.
        players: Nickname on the server of that hour, by slug.
        lineup: The archive's lineup; empty where unknown.
    """

    day: str
    players: Mapping[str, str]
    lineup: Lineup

    @property
    def is_known_to_both(self) -> bool:
        """Whether both sources have five players."""
        return len(self.players) == len(self.lineup) == 5


@dataclass(frozen=True, slots=True)
class Bridge:
    """Nicknames of the archive by slug of bo3.gg.

    Attributes:
        by_vote: From lineups that both sources know.
        by_name: From alike names in the company of the same teammates: for slugs without a vote.
    """

    by_vote: Mapping[str, str]
    by_name: Mapping[str, str]

    def nickname(self, slug: str) -> str | None:
        """Return the archive's nickname; None if it has no player who could be meant."""
        return self.by_vote.get(slug) or self.by_name.get(slug)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many appearances have the right nickname.

    Attributes:
        appearances: Appearances that were compared.
        named: Those of them that the bridge names.
        right: Those of them that it names rightly.
    """

    appearances: int
    named: int
    right: int

    @property
    def share(self) -> float:
        """Share of the compared appearances with the right nickname."""
        return self.right / max(self.appearances, 1)

    @property
    def share_of_named(self) -> float:
        """Share of the named appearances with the right nickname."""
        return self.right / max(self.named, 1)


def build_bridge(sides: Sequence[Side], lineups: Iterable[Lineup]) -> Bridge:
    """Learn the spellings.

    Args:
        sides: Sides of maps; those that one source does not know give no votes.
        lineups: Lineups of the archive: the nicknames that it has.
    """
    usable = [side for side in sides if side.is_known_to_both]
    together, of_slug, of_nickname = Counter[tuple[str, str]](), Counter[str](), Counter[str]()
    likeness: dict[tuple[str, str], float] = defaultdict(float)
    for side in usable:
        of_slug.update(list(side.players))
        of_nickname.update(side.lineup)
        for slug, name_on_server in side.players.items():
            for nickname in side.lineup:
                together[slug, nickname] += 1
                likeness[slug, nickname] = max(likeness[slug, nickname], _likeness(slug, name_on_server, nickname))

    def score(slug: str, nickname: str) -> float:
        common = together[slug, nickname]
        shares = common / of_slug[slug] + common / of_nickname[nickname]
        return shares + _WEIGHT_OF_LIKENESS * likeness[slug, nickname]

    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for side in usable:
        slugs, nicknames = sorted(side.players), sorted(side.lineup)
        scores = np.array([[score(slug, nickname) for nickname in nicknames] for slug in slugs])
        for slug, nickname in zip(*linear_sum_assignment(scores, maximize=True), strict=True):
            votes[slugs[slug]][nicknames[nickname]] += 1
    by_vote = {
        slug: min(counts, key=lambda name: (-counts[name], -likeness[slug, name], name))
        for slug, counts in votes.items()
    }
    return Bridge(by_vote, _find_by_name(sides, by_vote, lineups))


def fold_slug(slug: str) -> str:
    """Fold a slug as nicknames are folded, without the suffix that tells namesakes apart."""
    return fold(_SUFFIX.sub("", slug))


@cache
def _likeness(slug: str, name_on_server: str, nickname: str) -> float:
    folded = fold(nickname)
    return max(
        Levenshtein.normalized_similarity(fold_slug(slug), folded),
        Levenshtein.normalized_similarity(fold(name_on_server), folded),
    )


def _find_by_name(sides: Iterable[Side], by_vote: Mapping[str, str], lineups: Iterable[Lineup]) -> dict[str, str]:
    """Nicknames of slugs without a vote: alike once folded, and in one lineup of the archive with one of their company.

    A name alone is not enough: many nicknames belong to several people.
    """
    distinct = Counter(frozenset(lineup) for lineup in lineups)
    appearances = Counter[str]()
    mates: dict[str, set[str]] = defaultdict(set)
    for lineup, count in distinct.items():
        for nickname in lineup:
            appearances[nickname] += count
            mates[nickname] |= lineup - {nickname}
    alike: dict[str, list[str]] = defaultdict(list)
    for nickname in sorted(appearances):
        alike[fold(nickname)].append(nickname)
    company: dict[str, set[str]] = defaultdict(set)
    for side in sides:
        for slug in side.players:
            if slug not in by_vote:
                company[slug] |= side.players.keys() - {slug}
    found = {}
    for slug, others in company.items():
        names = {name for each in others for name in ([by_vote[each]] if each in by_vote else alike[fold_slug(each)])}
        candidates = [name for name in alike[fold_slug(slug)] if mates[name] & names]
        if candidates:
            found[slug] = max(candidates, key=lambda name: (len(mates[name] & names), appearances[name], name))
    return found


def agreement_with_lineups(bridge: Bridge, sides: Sequence[Side]) -> Agreement:
    """Count appearances whose nickname stands in the archive's lineup of their side."""
    compared = [(bridge.nickname(slug), side) for side in sides if side.is_known_to_both for slug in side.players]
    right = sum(nickname in side.lineup for nickname, side in compared if nickname)
    return Agreement(len(compared), sum(nickname is not None for nickname, _ in compared), right)


def agreement_with_table(bridge: Bridge, slugs: Iterable[str], table: Mapping[str, str]) -> Agreement:
    """Count appearances whose nickname is that of a table of right nicknames; slugs outside it are not compared."""
    compared = [(bridge.nickname(slug), table[slug]) for slug in slugs if slug in table]
    right = sum(nickname == expected for nickname, expected in compared)
    return Agreement(len(compared), sum(nickname is not None for nickname, _ in compared), right)
