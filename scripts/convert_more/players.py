"""Player lines of bo3.gg as lineups and statistics of the archive's maps."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.spelling import Lineup
from scripts.convert_more.archive_maps import ArchiveMap, Bo3Map
from scripts.convert_more.bridge import Bridge, Side
from scripts.convert_more.tables import Row, read_table

LINEUP_COLUMNS = (
    *("date", "map", "team1", "team2", "team1_players", "team2_players"),
    *("hltv_match_id", "hltv_map_id"),
)
PLAYER_COLUMNS = (
    *("hltv_match_id", "date", "event", "team1", "team2", "map_no", "map", "score1", "score2"),
    *("team", "player", "kills", "deaths", "adr", "kast"),
)
_LINE_COLUMNS = (
    *("game_id", "team_id", "player_slug", "steam_profile_nickname"),
    *("kills", "death", "adr", "kast"),
)


@dataclass(frozen=True, slots=True)
class PlayerLine:
    """One player on one map of bo3.gg.

    Attributes:
        map_id: Number of the map there.
        team_id: Number of the team there.
        slug: The player.
        name_on_server: Nickname on the server of that hour.
        kills: As published.
        deaths: As published.
        adr: Damage a round, as published.
        kast: Share of rounds, from 0 to 1, as published; empty where unknown.
    """

    map_id: str
    team_id: str
    slug: str
    name_on_server: str
    kills: str
    deaths: str
    adr: str
    kast: str


def read_player_lines(folder: Path) -> list[PlayerLine]:
    """Read the lines of players who have a slug.

    Raises:
        ConversionError: If the file is missing or cannot be read.
    """
    frame = read_table(folder, "bo3gg_player_maps", _LINE_COLUMNS)
    frame = frame[frame["player_slug"] != ""]
    return [PlayerLine(*values) for values in frame.itertuples(index=False, name=None)]


@dataclass(frozen=True, slots=True)
class PlayedMap:
    """A map that both sources have.

    Attributes:
        archive: The archive's map.
        bo3: The map of bo3.gg.
        lines: Lines of the players of each side, in the order of the archive's teams.
    """

    archive: ArchiveMap
    bo3: Bo3Map
    lines: tuple[list[PlayerLine], list[PlayerLine]]

    def sides(self) -> Iterator[Side]:
        """Yield both sides."""
        for lines, lineup in zip(self.lines, self.archive.lineups, strict=True):
            players = {line.slug: line.name_on_server for line in lines}
            yield Side(self.archive.row["date"], players, lineup)


def played_maps(
    paired: Mapping[str, ArchiveMap], maps: Iterable[Bo3Map], lines: Iterable[PlayerLine]
) -> list[PlayedMap]:
    """Return the maps that both sources have, with the lines of their players."""
    of_map: dict[str, list[PlayerLine]] = defaultdict(list)
    for line in lines:
        of_map[line.map_id].append(line)
    played = []
    for each in maps:
        archive = paired.get(each.id)
        if archive is not None:
            keys = [each.sides.get(line.team_id) for line in of_map[each.id]]
            of_side = [
                [line for line, key in zip(of_map[each.id], keys, strict=True) if key == team] for team in archive.keys
            ]
            played.append(PlayedMap(archive, each, (of_side[0], of_side[1])))
    return played


def lineup_rows(maps: Sequence[PlayedMap], bridge: Bridge) -> tuple[list[Row], Counter[str]]:
    """Return lineups of maps that have none in the archive, and why sides are left out."""
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for each in maps:
        sides: list[Lineup] = [(), ()]
        for number, (side, known) in enumerate(zip(each.sides(), each.archive.lineups, strict=True)):
            if known:
                continue
            nicknames = [bridge.nickname(slug) for slug in side.players]
            lineup = tuple(sorted({name for name in nicknames if name}))
            if len(side.players) != 5:
                left_out["not five players"] += 1
            elif None in nicknames:
                left_out["a player whom the archive does not know"] += 1
            elif len(lineup) != 5:
                left_out["two players of one nickname"] += 1
            else:
                sides[number] = lineup
        if set(sides[0]) & set(sides[1]):
            left_out["a player on both sides"] += 2
        elif any(sides):
            texts = {"team1_players": "|".join(sides[0]), "team2_players": "|".join(sides[1])}
            rows.append({column: each.archive.row[column] for column in LINEUP_COLUMNS} | texts)
    return rows, left_out


def player_rows(maps: Sequence[PlayedMap], bridge: Bridge) -> tuple[list[Row], Counter[str]]:
    """Return statistics of players, and why lines are left out."""
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for each in maps:
        row = each.archive.row
        of_map = {
            **{column: row[column] for column in ("date", "event", "team1", "team2", "map", "score1", "score2")},
            # The number of another source cannot be taken for one of HLTV.
            "hltv_match_id": row["hltv_match_id"] or f"bo3gg-{each.bo3.match_id}",
            "map_no": row["map_number"] or each.bo3.number,
        }
        seen: set[str] = set()
        for team, lines in zip((row["team1"], row["team2"]), each.lines, strict=True):
            for line in lines:
                nickname = bridge.nickname(line.slug)
                if nickname is None:
                    left_out["a player whom the archive does not know"] += 1
                elif nickname in seen:
                    left_out["a second line of one nickname"] += 1
                elif not (line.kills and line.deaths):
                    left_out["no kills or no deaths"] += 1
                else:
                    seen.add(nickname)
                    rows.append({**of_map, "team": team, "player": nickname, **_statistics(line)})
    return rows, left_out


def _statistics(line: PlayerLine) -> Row:
    """Statistics in the format of the archive: KAST in percent, one decimal."""
    return {
        "kills": str(round(float(line.kills))),
        "deaths": str(round(float(line.deaths))),
        "adr": f"{float(line.adr):.1f}" if line.adr else "",
        "kast": f"{100 * float(line.kast):.1f}" if line.kast else "",
    }
