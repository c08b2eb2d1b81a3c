"""Read maps, teams and players, and what they have played, from PostgreSQL."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from cs2.storage.dictionaries import Map, Player, PlayerAlias, Team, TeamAlias
from serving.dictionaries.index import DictionaryRows, Entry

_FINGERPRINT = text("""
SELECT md5(concat_ws('|',
  (SELECT max(id) FROM rating_snapshots),
  (SELECT md5(string_agg(concat_ws(':', id, name, retired), ',' ORDER BY id)) FROM maps),
  (SELECT md5(string_agg(concat_ws(':', id, name, merged_into), ',' ORDER BY id)) FROM teams),
  (SELECT md5(string_agg(concat_ws(':', id, team_id, name), ',' ORDER BY id)) FROM team_aliases),
  (SELECT md5(string_agg(concat_ws(':', id, nickname, merged_into), ',' ORDER BY id)) FROM players),
  (SELECT md5(string_agg(concat_ws(':', id, player_id, nickname), ',' ORDER BY id)) FROM player_aliases)))
""")


_RECORDS = text("""
SELECT team_id, map_id, count(*), count(*) FILTER (WHERE won) FROM (
  SELECT team1_id AS team_id, map_id, winner = 1 AS won FROM map_results WHERE is_rated
  UNION ALL
  SELECT team2_id, map_id, winner = 2 FROM map_results WHERE is_rated) AS played
GROUP BY team_id, map_id ORDER BY team_id, map_id
""")

_PLAYED_FOR = text("""
SELECT player_id, team_id, max(day) FROM (
  SELECT lineup1_id AS lineup_id, played_on AS day FROM map_results
  UNION ALL SELECT lineup2_id, played_on FROM map_results
  UNION ALL SELECT lineup1_id, last_day FROM series
  UNION ALL SELECT lineup2_id, last_day FROM series) AS played
JOIN lineups ON lineups.id = played.lineup_id JOIN lineup_players ON lineup_players.lineup_id = lineups.id
GROUP BY player_id, team_id ORDER BY player_id, max(day) DESC, team_id
""")

_LAST_PLAYED = text("""
SELECT team_id, max(last_day) FROM (
  SELECT team1_id AS team_id, last_day FROM series UNION ALL SELECT team2_id, last_day FROM series) AS played
GROUP BY team_id ORDER BY team_id
""")

_MERGED_TEAMS = text("SELECT id, merged_into FROM teams WHERE merged_into IS NOT NULL ORDER BY id")
_MERGED_PLAYERS = text("SELECT id, merged_into FROM players WHERE merged_into IS NOT NULL ORDER BY id")


async def read_fingerprint(session: AsyncSession) -> str:
    """Return a hash that changes with every name and alias, and with the ratings, which every new result changes.

    It is cheap, so that the rows are read only after a change.
    """
    return str(await session.scalar(_FINGERPRINT))


async def load(session: AsyncSession) -> DictionaryRows:
    """Read all entries and what they have played."""
    maps = (await session.execute(select(Map.id, Map.name).order_by(Map.id))).all()
    retired = (await session.scalars(select(Map.id).where(Map.retired).order_by(Map.id))).all()
    teams = (
        await session.execute(select(Team.id, Team.name).where(Team.merged_into.is_(None)).order_by(Team.id))
    ).all()
    team_aliases = (await session.execute(select(TeamAlias.team_id, TeamAlias.name).order_by(TeamAlias.id))).all()
    players = (
        await session.execute(
            select(Player.id, Player.nickname).where(Player.merged_into.is_(None)).order_by(Player.id)
        )
    ).all()
    merged_teams = (await session.execute(_MERGED_TEAMS)).all()
    merged_players = (await session.execute(_MERGED_PLAYERS)).all()
    player_aliases = (
        await session.execute(select(PlayerAlias.player_id, PlayerAlias.nickname).order_by(PlayerAlias.id))
    ).all()
    records = (await session.execute(_RECORDS)).all()
    played_for = (await session.execute(_PLAYED_FOR)).all()
    last_played = (await session.execute(_LAST_PLAYED)).all()
    # In a thread: validating thousands of entries would block the event loop.
    return await asyncio.to_thread(
        lambda: DictionaryRows(
            maps=_entries(maps, ()),
            teams=_entries(teams, team_aliases),
            players=_entries(players, player_aliases),
            retired=tuple(retired),
            records=tuple(tuple(row) for row in records),
            played_for=tuple(tuple(row) for row in played_for),
            last_played=tuple(tuple(row) for row in last_played),
            merged_teams=tuple(tuple(row) for row in merged_teams),
            merged_players=tuple(tuple(row) for row in merged_players),
        )
    )


def _entries(rows: Sequence[Row[int, str]], aliases: Sequence[Row[int, str]]) -> tuple[Entry, ...]:
    spellings: dict[int, dict[str, None]] = defaultdict(dict)  # a dict as a set that keeps its order
    for entry_id, alias in aliases:
        spellings[entry_id][alias] = None
    return tuple(
        Entry(id=entry_id, name=name, aliases=tuple(alias for alias in spellings[entry_id] if alias != name))
        for entry_id, name in rows
    )
