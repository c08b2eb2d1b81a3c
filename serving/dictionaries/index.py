"""Maps, teams and players in memory: look up, search, suggest."""

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict
from rapidfuzz import fuzz, process

MAX_SUGGESTIONS = 5
LEAST_SIMILARITY = 60.0
"""Of 100 (rapidfuzz ``WRatio``): below it a name is no suggestion."""

MISTYPED = 75.0
"""Of 100 (rapidfuzz ``partial_ratio``): one wrong letter in four, two in eight."""


class Entry(BaseModel):
    """A map, team or player: its id, its name, and every other spelling under which sources know it."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    aliases: tuple[str, ...] = ()


class DictionaryRows(BaseModel):
    """All entries as they are stored, each kind in the order of its ids."""

    model_config = ConfigDict(frozen=True)

    maps: tuple[Entry, ...] = ()
    teams: tuple[Entry, ...] = ()
    players: tuple[Entry, ...] = ()
    retired: tuple[int, ...] = ()
    """Ids of the maps that an admin took out of the active pool."""
    records: tuple[tuple[int, int, int, int], ...] = ()
    """Team, map, how often the team played it, how often it won."""
    played_for: tuple[tuple[int, int, date], ...] = ()
    """Player, team, the last day on which he played for it; the latest team first."""


def folded(name: str) -> str:
    """A spelling without case and accents, for comparing."""
    if name.isascii():  # nothing to decompose
        return name.strip().lower()
    decomposed = unicodedata.normalize("NFKD", name.strip())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and the id after which the next page starts, if there is one."""

    items: Sequence[Entry]
    next_after: int | None


class Dictionary:
    """Entries of one kind."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.id)
        self._ids = [entry.id for entry in self._entries]
        self._by_id = {entry.id: entry for entry in self._entries}
        # Made here, off the event loop: at the first question it would hold up all others for a tenth of a second.
        self._spellings = [(folded(name), entry) for entry in self._entries for name in {entry.name, *entry.aliases}]
        self._folded = [spelling for spelling, _ in self._spellings]
        self._by_spelling: dict[str, list[Entry]] = {}
        for spelling, entry in self._spellings:
            known = self._by_spelling.setdefault(spelling, [])
            if not known or known[-1] is not entry:  # spellings of one entry are neighbours
                known.append(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, entry_id: int) -> Entry | None:
        """The entry with this id."""
        return self._by_id.get(entry_id)

    def named(self, name: str) -> list[Entry]:
        """Entries with this name or alias, whatever its case and accents; namesakes are several."""
        return list(self._by_spelling.get(folded(name), ()))

    def page(self, *, search: str | None, name: str | None, after: int, limit: int) -> Page:
        """Entries in the order of their ids, from the first one behind ``after``.

        Args:
            search: Only those with this in their name or an alias, whatever its case and accents; where there are
                none, those with something like it.
            name: Only those with exactly this name or alias, whatever its case and accents.
            after: Id behind which the page starts; 0 for the first page.
            limit: Most entries of a page.
        """
        chosen = self._entries if name is None else self.named(name)
        if search is not None:
            found = self._with(folded(search))
            chosen = [entry for entry in chosen if entry.id in found]
        start = bisect_right(chosen, after, key=lambda entry: entry.id)
        items = chosen[start : start + limit]
        has_more = len(chosen) > start + limit
        return Page(items, items[-1].id if has_more else None)

    def _with(self, wanted: str) -> set[int]:
        """Ids of the entries with this in a spelling, else with something like it: it may be mistyped."""
        exact = {entry.id for spelling, entry in self._spellings if wanted in spelling}
        if exact:
            return exact
        near = process.extract(
            wanted, self._folded, scorer=fuzz.partial_ratio, processor=None, score_cutoff=MISTYPED, limit=None
        )
        # A short spelling resembles a part of anything longer: it has to resemble the whole.
        return {
            self._spellings[row][1].id
            for spelling, _, row in near
            if len(spelling) >= len(wanted) or fuzz.ratio(wanted, spelling) >= MISTYPED
        }

    def suggestions(self, name: str) -> list[str]:
        """Names and aliases that resemble a mistyped one, the nearest first."""
        matches = process.extract(
            folded(name),
            self._folded,
            scorer=fuzz.WRatio,
            score_cutoff=LEAST_SIMILARITY,
            limit=4 * MAX_SUGGESTIONS,  # several spellings may be of one entry
        )
        names = dict.fromkeys(self._spellings[index][1].name for _, _, index in matches)
        return list(names)[:MAX_SUGGESTIONS]


class Dictionaries:
    """Maps, teams and players of one moment, and what they have played.

    Attributes:
        records: By team: map, how often it was played, how often it was won; the most played map first.
        played_for: By player: team, and the last day on which he played for it; the latest first.
    """

    def __init__(self, rows: DictionaryRows) -> None:
        self.rows = rows
        self.maps = Dictionary(rows.maps)
        self.teams = Dictionary(rows.teams)
        self.players = Dictionary(rows.players)
        self.records: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for team, played_map, played, won in sorted(rows.records, key=lambda row: -row[2]):
            self.records[team].append((played_map, played, won))
        self.played_for: dict[int, list[tuple[int, date]]] = defaultdict(list)
        for player, team, day in rows.played_for:
            self.played_for[player].append((team, day))
