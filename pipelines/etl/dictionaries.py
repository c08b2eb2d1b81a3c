"""Teams and players as dictionary rows: one id an identity, every spelling an alias."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.id_register import IdRegister
from pipelines.etl.identify import Identity

Alias = tuple[str, int]
"""A spelling and its homonym number."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Teams, or players.

    Attributes:
        id_of: Id by identity.
        entries: Columns ``id`` and ``name``.
        aliases: Columns ``id``, ``name`` (a spelling) and ``homonym_no``.
    """

    id_of: dict[Identity, int]
    entries: pd.DataFrame
    aliases: pd.DataFrame


def build_dictionary(
    register: IdRegister[Alias],
    appearances: Iterable[tuple[Identity, Alias]],
    mentions: Iterable[tuple[Identity, Alias]] = (),
) -> Dictionary:
    """Assign an id to every identity: the oldest id that one of its aliases has, else a new one.

    The most frequent spelling becomes the name of the entry.

    Args:
        register: Ids by alias; grows.
        appearances: Identity and alias of each appearance in a match, ordered by day. An alias has one identity.
        mentions: Further aliases that do not count as appearances.
    """
    counts: dict[Identity, Counter[Alias]] = defaultdict(Counter)
    for identity, alias in appearances:
        counts[identity][alias] += 1
    for identity, alias in mentions:
        counts[identity][alias] += 0
    id_of: dict[Identity, int] = {}
    for identity, aliases in counts.items():
        known = [register.ids[alias] for alias in aliases if alias in register.ids]
        id_of[identity] = min(known) if known else register.next_id()
        for alias in aliases:
            register.bind(alias, id_of[identity])
    names = {
        id_of[identity]: min(aliases, key=lambda alias: (-aliases[alias], alias))[0]
        for identity, aliases in counts.items()
    }
    # An alias that no row has any more keeps its id and its entry: a stored forecast may refer to it.
    for (name, _), number in register.ids.items():
        names.setdefault(number, name)
    rows = [(number, name, homonym_no) for (name, homonym_no), number in register.ids.items()]
    return Dictionary(
        id_of,
        pd.DataFrame(sorted(names.items()), columns=["id", "name"]),
        pd.DataFrame(rows, columns=["id", "name", "homonym_no"]),
    )
