"""Maps, teams and players in memory: look up, search, suggest."""

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict
from rapidfuzz import fuzz, process

MAX_SUGGESTIONS = 5
MIN_SUGGESTION_SCORE = 60.0
"""Least similarity of a suggested name, out of 100 (rapidfuzz ``WRatio``)."""

MIN_TYPO_SCORE = 75.0
"""Least similarity of a mistyped name, out of 100 (rapidfuzz ``partial_ratio``): one wrong letter in four."""


INACTIVE = timedelta(days=540)
"""A bearer of a name who has not played for so long, while another one has, is not meant by the name."""


class Entry(BaseModel):
    """A map, team or player: id, name, and the other spellings that sources use."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    aliases: tuple[str, ...] = ()


class DictionaryRows(BaseModel):
    """All entries and what they have played, as stored; each kind in the order of its ids."""

    model_config = ConfigDict(frozen=True)

    maps: tuple[Entry, ...] = ()
    teams: tuple[Entry, ...] = ()
    players: tuple[Entry, ...] = ()
    retired: tuple[int, ...] = ()
    """Ids of the maps that an admin has excluded from the active pool."""
    records: tuple[tuple[int, int, int, int], ...] = ()
    """Team id, map id, number of maps played, number of maps won."""
    played_for: tuple[tuple[int, int, date], ...] = ()
    """Player id, team id, date of the player's last result for the team; the latest team first."""
    last_played: tuple[tuple[int, date], ...] = ()
    """Team id, day of its last result."""
    merged_teams: tuple[tuple[int, int], ...] = ()
    """Id of a team that turned out to be another one, and the id of that one."""
    merged_players: tuple[tuple[int, int], ...] = ()
    """Id of a player who turned out to be another one, and the id of that one."""


def folded(name: str) -> str:
    """Fold case and accents of a name, to compare spellings."""
    if name.isascii():  # nothing to decompose
        return name.strip().lower()
    decomposed = unicodedata.normalize("NFKD", name.strip())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of entries, and the id after which the next page starts; None on the last page."""

    items: Sequence[Entry]
    next_after: int | None


class Dictionary:
    """Index of the entries of one kind: by id, by name, by similarity.

    Args:
        entries: The entries.
        merged: Id of the entry that took up another one, by the id of that one.
        last_played: Day of the last result by id, where it is known.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        merged: Iterable[tuple[int, int]] = (),
        last_played: Iterable[tuple[int, date]] = (),
    ) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.id)
        self._by_id = {entry.id: entry for entry in self._entries}
        self._merged = dict(merged)
        self._last_played: Mapping[int, date] = dict(last_played)
        # Built here, outside the event loop: during a request it would block the others for a tenth of a second.
        self._spellings = [(folded(name), entry) for entry in self._entries for name in {entry.name, *entry.aliases}]
        self._folded = [spelling for spelling, _ in self._spellings]
        self._by_spelling: dict[str, list[Entry]] = {}
        for spelling, entry in self._spellings:
            homonyms = self._by_spelling.setdefault(spelling, [])
            if not homonyms or homonyms[-1] is not entry:  # spellings of one entry are neighbours
                homonyms.append(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, entry_id: int) -> Entry | None:
        """Return the entry with this id, or the one into which it was merged."""
        while entry_id in self._merged:
            entry_id = self._merged[entry_id]
        return self._by_id.get(entry_id)

    def named(self, name: str) -> list[Entry]:
        """Return the entries with this name or alias, in any case and accents: several if they are homonyms."""
        return list(self._by_spelling.get(folded(name), ()))

    def active(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return the entries that have played about as recently as the one that played last."""
        days = [self._last_played.get(entry.id, date.min) for entry in entries]
        return [entry for entry, day in zip(entries, days, strict=True) if max(days) - day <= INACTIVE]

    def page(self, *, search: str | None, name: str | None, after: int, limit: int) -> Page:
        """Return entries in the order of their ids, from the first one after ``after``.

        Args:
            search: Only entries with this text in their name or an alias, in any case and accents; if there are none,
                entries with a similar text.
            name: Only entries with exactly this name or alias, in any case and accents.
            after: Id after which the page starts; 0 for the first page.
            limit: Largest number of entries.
        """
        entries = self._entries if name is None else self.named(name)
        if search is not None:
            matching_ids = self._search(folded(search))
            entries = [entry for entry in entries if entry.id in matching_ids]
        start = bisect_right(entries, after, key=lambda entry: entry.id)
        items = entries[start : start + limit]
        has_more = len(entries) > start + limit
        return Page(items, items[-1].id if has_more else None)

    def _search(self, text: str) -> set[int]:
        """Return the ids of entries with a spelling that contains the text; if there are none, a similar text."""
        exact = {entry.id for spelling, entry in self._spellings if text in spelling}
        if exact:
            return exact
        similar = process.extract(
            text, self._folded, scorer=fuzz.partial_ratio, processor=None, score_cutoff=MIN_TYPO_SCORE, limit=None
        )
        # A short spelling is similar to some part of any longer text: compare it with the whole text.
        return {
            self._spellings[row][1].id
            for spelling, _, row in similar
            if len(spelling) >= len(text) or fuzz.ratio(text, spelling) >= MIN_TYPO_SCORE
        }

    def suggestions(self, name: str) -> list[str]:
        """Return the names of entries with a similar spelling, the most similar first."""
        matches = process.extract(
            folded(name),
            self._folded,
            scorer=fuzz.WRatio,
            score_cutoff=MIN_SUGGESTION_SCORE,
            limit=4 * MAX_SUGGESTIONS,  # an entry can have several similar spellings
        )
        names = dict.fromkeys(self._spellings[index][1].name for _, _, index in matches)
        return list(names)[:MAX_SUGGESTIONS]


class Dictionaries:
    """Maps, teams and players at one moment, and what they have played.

    Attributes:
        records: By team id: map id, number of maps played, number of maps won; the most played map first.
        played_for: By player id: team id and date of the last result for it; the latest team first.
    """

    def __init__(self, rows: DictionaryRows) -> None:
        self.rows = rows
        self.maps = Dictionary(rows.maps)
        self.teams = Dictionary(rows.teams, rows.merged_teams, rows.last_played)
        self.players = Dictionary(rows.players, rows.merged_players)
        self.records: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for team, played_map, played, won in sorted(rows.records, key=lambda row: -row[2]):
            self.records[team].append((played_map, played, won))
        self.played_for: dict[int, list[tuple[int, date]]] = defaultdict(list)
        for player, team, day in rows.played_for:
            self.played_for[player].append((team, day))
