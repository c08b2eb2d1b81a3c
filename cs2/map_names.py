"""Names of the maps of the game: many spellings, one name."""

import re
from functools import cache

NAMES = (
    *("Ancient", "Anubis", "Cache", "Cobblestone", "Dust2", "Inferno"),
    *("Mirage", "Nuke", "Overpass", "Season", "Train", "Tuscan", "Vertigo"),
)
"""Maps of the competitive pools; a map that is not among them is spelled by its key."""

_SIGNS = re.compile(r"[\W_]")
_ALIASES = {"dustii": "dust2", "cbble": "cobblestone", "cobble": "cobblestone"}
_BY_KEY = {name.casefold(): name for name in NAMES}


@cache
def canonical_map_name(name: str) -> str:
    """Return the name of a map in one spelling: ``de_nuke``, ``NUKE`` and ``Nuke`` are Nuke; ``Dust II`` is Dust2.

    A map that is not known yet keeps its letters: ``de_thera`` becomes Thera. Empty if the name has no letter.
    """
    key = _SIGNS.sub("", re.sub(r"^\s*(de|cs)_", "", name.casefold()))
    key = _ALIASES.get(key, key)
    return _BY_KEY.get(key, key.capitalize())
