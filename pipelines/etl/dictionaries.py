"""Teams and players as dictionary rows: one id an identity, every spelling an alias. Ids keep their meaning."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.etl.id_register import NameRegister
from pipelines.etl.team_links import Identity

Alias = tuple[str, int]
"""A spelling and its homonym number."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Teams, or players.

    Attributes:
        id_of: Id by identity, former identities included.
        entries: Columns ``id``, ``name``, ``merged_into`` (the id that took up a former one) and ``former_key``.
        aliases: Columns ``id``, ``name`` (a spelling) and ``homonym_no``.
    """

    id_of: dict[Identity, int]
    entries: pd.DataFrame
    aliases: pd.DataFrame


def build_dictionary(
    register: NameRegister,
    appearances: Iterable[tuple[Identity, Alias]],
    mentions: Iterable[tuple[Identity, Alias]] = (),
    *,
    former: Mapping[Identity, Identity] | None = None,
    name_of: Callable[[Alias], Identity] = lambda alias: alias,
) -> Dictionary:
    """Assign an id to every identity: the oldest id that its aliases have, else a new one.

    An id whose aliases belong to several identities stays with the one of most appearances. An id that nobody keeps is
    merged into the id that its aliases have now. The most frequent spelling becomes the name of the entry.

    Args:
        register: Ids by alias; grows.
        appearances: Identity and alias of each appearance in a match, ordered by day. An alias has one identity.
        mentions: Further aliases that do not count as appearances.
        former: Identities that past forecasts know, by the identity that they are now.
        name_of: Returns the identity for which an alias stood by its name alone.
    """
    former = former or {}
    counts: dict[Identity, Counter[Alias]] = defaultdict(Counter)
    for identity, alias in appearances:
        counts[identity][alias] += 1
    for identity, alias in mentions:
        counts[identity][alias] += 0
    before = dict(register.ids)
    id_of = _claim_ids(register, counts)
    for identity in counts:
        if identity not in id_of:
            id_of[identity] = register.next_id()
    for identity, aliases in counts.items():
        for alias in aliases:
            register.bind(alias, id_of[identity])
    merged = _number_former(register, id_of, former, before, name_of)
    in_use = set(id_of.values())
    for alias, old in before.items():
        if old != register.ids[alias] and old not in in_use:
            merged.setdefault(old, register.ids[alias])
    names = {
        id_of[identity]: min(aliases, key=lambda alias: (-aliases[alias], alias))[0]
        for identity, aliases in counts.items()
    }
    # An alias that no row has any more keeps its id and its entry: a stored forecast may refer to it.
    for (name, _), number in [*register.ids.items(), *before.items()]:
        names.setdefault(number, name)
    spellings = {name_of(alias): alias[0] for alias in sorted(register.ids)}
    for identity, number in register.former.items():
        names.setdefault(number, spellings.get(identity, identity[0]))
    keys = {number: f"{homonym_no}:{name}" for (name, homonym_no), number in register.former.items()}
    entries = [(number, name, merged.get(number), keys.get(number)) for number, name in sorted(names.items())]
    rows = [(number, name, homonym_no) for (name, homonym_no), number in register.ids.items()]
    return Dictionary(
        id_of,
        pd.DataFrame(entries, columns=["id", "name", "merged_into", "former_key"]).astype({"merged_into": "Int64"}),
        pd.DataFrame(rows, columns=["id", "name", "homonym_no"]),
    )


def _claim_ids(register: NameRegister, counts: Mapping[Identity, Counter[Alias]]) -> dict[Identity, int]:
    """Give every known id to the identity whose aliases have it in most appearances; of several it keeps the oldest."""
    claims: dict[int, Counter[Identity]] = defaultdict(Counter)
    for identity, aliases in counts.items():
        for alias, count in aliases.items():
            if alias in register.ids:
                claims[register.ids[alias]][identity] += count
    id_of: dict[Identity, int] = {}
    for number in sorted(claims):
        owner = min(claims[number], key=lambda identity: (-claims[number][identity], identity))
        id_of.setdefault(owner, number)
    return id_of


def _number_former(
    register: NameRegister,
    id_of: dict[Identity, int],
    former: Mapping[Identity, Identity],
    before: Mapping[Alias, int],
    name_of: Callable[[Alias], Identity],
) -> dict[int, int]:
    """Give former identities the id under which they were published, or a new one; return where each is merged into."""
    in_use = set(id_of.values())
    published: dict[Identity, list[Alias]] = defaultdict(list)
    for alias in before:
        published[name_of(alias)].append(alias)
    merged: dict[int, int] = {}
    for identity, survivor in sorted(former.items()):
        if identity not in register.former:
            free = sorted({before[alias] for alias in published[identity]} - in_use)
            register.former[identity] = free[0] if free else register.next_id()
        in_use.add(register.former[identity])
        id_of[identity] = register.former[identity]
        merged[id_of[identity]] = id_of[survivor]
        for alias in published[identity]:
            register.bind(alias, id_of[survivor])
    return merged
