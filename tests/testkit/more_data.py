"""Small made-up files in the layout of the public data that ``scripts/convert-more`` reads."""

import csv
from collections.abc import Sequence
from pathlib import Path

POOL = ("Nuke", "Mirage", "Ancient")
FIVES = {
    "Alpha": ("ana", "bob", "cid", "dan", "Eve"),
    "Beta": ("fay", "gus", "hal", "ida", "Jim"),
    "Gamma": ("kai", "leo", "max", "ned", "oli"),
}
SLUGS = {"Eve": "eve-cs-go", "Jim": "jimmy", "oli": "0l1"}
"""Slugs that differ from the nickname of the archive."""
IDS = {name: str(100 + number) for number, name in enumerate(FIVES)}
PICK_COLUMNS = (
    *("hltv_match_id", "date", "tournament", "match_type", "team1_name", "team2_name", "winner"),
    *("winner_map", "loser_map", "decider_map"),
)


def slug(nickname: str) -> str:
    return SLUGS.get(nickname, nickname.casefold())


class MoreData:
    """Matches of three maps between two of three teams, in both layouts.

    The archive has the lineups of the first matches only. On the server players change their names every day.
    """

    def __init__(self, folder: Path) -> None:
        self.more, self.archive = folder / "more", folder / "archive"
        self.more.mkdir()
        self.archive.mkdir()
        self.maps: list[dict[str, str]] = []
        self.bo3_matches: list[dict[str, str]] = []
        self.bo3_maps: list[dict[str, str]] = []
        self.lines: list[dict[str, str]] = []
        self.picks: list[dict[str, str]] = []

    def add_match(self, day: str, team1: str, team2: str, *, has_lineups: bool, begin: str = "12:00:00") -> str:
        """Add a match won by team 1 in two maps of three; return its number."""
        match = str(500 + len(self.bo3_matches))
        names = {"team1_name": team1, "team2_name": team2, "team1_id": IDS[team1], "team2_id": IDS[team2]}
        self.bo3_matches.append({"match_id": match, "scrape_date": day, **names})
        for number, name in enumerate(POOL[:2], start=1):
            game = f"{match}{number}"
            lineups = ["|".join(FIVES[team]) if has_lineups else "" for team in (team1, team2)]
            self.maps.append(
                {"date": day, "event": "Cup", "map_number": str(number), "map": name, "team1": team1, "team2": team2}
                | {"score1": "13", "score2": "7", "winner": "1", "hltv_match_id": match, "hltv_map_id": game}
                | {"team1_players": lineups[0], "team2_players": lineups[1]}
            )
            self.bo3_maps.append(
                {"map_id": game, "match_id": match, "map_name": f"de_{name.casefold()}", "number": str(number)}
                | {"begin_at": f"{day}T{begin}.000+00:00"}
            )
            for team in (team1, team2):
                for place, nickname in enumerate(FIVES[team]):
                    self.lines.append(
                        {"game_id": game, "team_id": IDS[team], "player_slug": slug(nickname)}
                        | {"steam_profile_nickname": f"{nickname}-{day[-2:]}", "kills": str(10 + place), "death": "9"}
                        | {"adr": "62.143", "kast": "0.571" if place else ""}
                    )
        self.picks.append(
            {"hltv_match_id": match, "date": f"{day}T13:00:00Z", "tournament": "Cup", "match_type": "bo3"}
            | {"team1_name": team1, "team2_name": team2, "winner": "team1"}
            | {"winner_map": "Mirage", "loser_map": "Nuke", "decider_map": "Ancient"}
        )
        return match

    def write(self) -> None:
        """Write every file."""
        series = ("date", "team1", "team2", "winner", "team1_players", "team2_players")
        nicknames = [{"player_slug": slug(name), "archive_nickname": name} for five in FIVES.values() for name in five]
        for path, columns, rows in (
            (self.archive / "maps.csv", list(self.maps[0]), self.maps),
            (self.archive / "series.csv", series, []),
            (self.more / "bo3gg_matches.csv", list(self.bo3_matches[0]), self.bo3_matches),
            (self.more / "bo3gg_maps.csv", list(self.bo3_maps[0]), self.bo3_maps),
            (self.more / "bo3gg_player_maps.csv", list(self.lines[0]), self.lines),
            (self.more / "hltv_picks_2024-05_2025-10.csv", PICK_COLUMNS, self.picks),
            (self.more / "hltv_rounds_2024-11_2025-10.csv", ("hltv_match_id", "map", "map_number"), []),
            (self.more / "bo3gg_slug_to_archive_nickname.csv", list(nicknames[0]), nicknames),
        ):
            _write(path, columns, rows)


def _write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
