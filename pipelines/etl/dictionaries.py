"""Teams and players as dictionary rows: one id an identity, every spelling an alias."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.identify import Identity
from pipelines.etl.ids import IdRegister


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One dictionary.

    Attributes:
        id_of: Id by identity.
        entries: Columns ``id`` and ``name``.
        aliases: Columns ``id``, ``name`` (a spelling) and ``homonym_no``.
    """

    id_of: dict[Identity, int]
    entries: pd.DataFrame
    aliases: pd.DataFrame


def build_dictionary(
    register: IdRegister[tuple[str, int]],
    appearances: Iterable[tuple[Identity, tuple[str, int]]],
    mentions: Iterable[tuple[Identity, tuple[str, int]]] = (),
) -> Dictionary:
    """Give every identity an id: the one that one of its aliases already has, else a new one.

    Args:
        register: Ids by alias (spelling and homonym_no number); grows.
        appearances: Identity and alias of each appearance, in the order of time. One alias names one identity.
        mentions: The same of what was not played: a spelling that names nothing that was.
    """
    counts: dict[Identity, Counter[tuple[str, int]]] = defaultdict(Counter)
    for identity, alias in appearances:
        counts[identity][alias] += 1
    for identity, alias in mentions:
        counts[identity][alias] += 0
    id_of: dict[Identity, int] = {}
    for identity, aliases in counts.items():
        known = [register.ids[alias] for alias in aliases if alias in register.ids]
        id_of[identity] = min(known) if known else register.fresh()
        for alias in aliases:
            register.adopt(alias, id_of[identity])
    names = {
        id_of[identity]: min(aliases, key=lambda alias: (-aliases[alias], alias))[0]
        for identity, aliases in counts.items()
    }
    # An alias that no row has any more keeps its id, and so does its entry.
    for (name, _), number in register.ids.items():
        names.setdefault(number, name)
    rows = [(number, name, homonym_no) for (name, homonym_no), number in register.ids.items()]
    return Dictionary(
        id_of,
        pd.DataFrame(sorted(names.items()), columns=["id", "name"]),
        pd.DataFrame(rows, columns=["id", "name", "homonym_no"]),
    )
