"""Maps, teams and players from PostgreSQL."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from cs2.storage.dictionaries import Map, Player, PlayerAlias, Team, TeamAlias
from serving.dictionaries.index import DictionaryRows, Entry

_FINGERPRINT = text("""
SELECT md5(concat_ws('|',
  (SELECT md5(string_agg(concat_ws(':', id, name), ',' ORDER BY id)) FROM maps),
  (SELECT md5(string_agg(concat_ws(':', id, name), ',' ORDER BY id)) FROM teams),
  (SELECT md5(string_agg(concat_ws(':', id, team_id, name), ',' ORDER BY id)) FROM team_aliases),
  (SELECT md5(string_agg(concat_ws(':', id, nickname), ',' ORDER BY id)) FROM players),
  (SELECT md5(string_agg(concat_ws(':', id, player_id, nickname), ',' ORDER BY id)) FROM player_aliases)))
""")


async def fingerprint(session: AsyncSession) -> str:
    """Changes whenever a name or alias does: cheap to ask, so that the rows are read only then."""
    return str(await session.scalar(_FINGERPRINT))


async def load(session: AsyncSession) -> DictionaryRows:
    """All entries."""
    maps = (await session.execute(select(Map.id, Map.name).order_by(Map.id))).all()
    teams = (await session.execute(select(Team.id, Team.name).order_by(Team.id))).all()
    team_aliases = (await session.execute(select(TeamAlias.team_id, TeamAlias.name).order_by(TeamAlias.id))).all()
    players = (await session.execute(select(Player.id, Player.nickname).order_by(Player.id))).all()
    player_aliases = (
        await session.execute(select(PlayerAlias.player_id, PlayerAlias.nickname).order_by(PlayerAlias.id))
    ).all()
    return DictionaryRows(
        maps=_entries(maps, ()), teams=_entries(teams, team_aliases), players=_entries(players, player_aliases)
    )


def _entries(rows: Sequence[Row[int, str]], aliases: Sequence[Row[int, str]]) -> tuple[Entry, ...]:
    known: dict[int, dict[str, None]] = defaultdict(dict)
    for owner, name in aliases:
        known[owner][name] = None
    return tuple(
        Entry(id=key, name=name, aliases=tuple(alias for alias in known[key] if alias != name)) for key, name in rows
    )
