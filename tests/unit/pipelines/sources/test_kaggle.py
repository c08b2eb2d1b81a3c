"""Wide CSV file: maps and totals, players from columns, and malformed columns."""

import os
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.kaggle import COLUMNS, PLAYERS, SIDES, KaggleSource, parse_nickname

TODAY = date(2026, 1, 31)
MATCH = {
    "match_id": "7", "tournament": "Cup", "team1": "Alpha", "team2": "Beta", "score1_match": "2", "score2_match": "0",
    "bestOf": "3.0", "datetime": "2026-01-05 18:20:00", "team1_win": "0", "is_total": "True",
}  # fmt: skip


def line(**changes: str) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | MATCH
    for side in SIDES:
        for number, player in enumerate(PLAYERS[side]):
            row[player] = f"{side}-{number} (Given Family), DE"
            row |= {f"{player}_kills": "20.0", f"{player}_deaths": "11.0", f"{player}_adr": "81.5"}
    return row | changes


def game(number: int, **changes: str) -> dict[str, str]:
    values = {"is_total": "False", "game_id": f"{number}.0", "map_name": "Nuke", "team1_win": "1"}
    return line(**{**values, "score1_game": "13.0", "score2_game": "7.0", **changes})


def write(folder: Path, *lines: dict[str, str], name: str = "games.csv") -> KaggleSource:
    path = folder / name
    pd.DataFrame(lines).to_csv(path, index=False)
    os.utime(path, (time.time() - 60,) * 2)
    return KaggleSource(folder)


def test_totals_are_series_and_other_lines_maps(tmp_path: Path) -> None:
    frames = (
        write(tmp_path, line(game_id="-3.0", map_name="Train"), game(1), game(2, map_name="Train"))
        .published(TODAY)
        .frames
    )
    assert {kind: len(frame) for kind, frame in frames.items()} == {"series": 1, "map": 2, "player_map": 20}
    [row] = frames[RowKind.SERIES].to_dict("records")
    assert row["winner"] == "1"  # by the maps won: the column team1_win says 0
    assert "map" not in row
    rebuilt = rebuild(frames, Identities())
    assert rebuilt.rejected() == 0
    assert rebuilt.tables.series["best_of"].tolist() == [3]
    assert len(rebuilt.tables.player_map_stats) == 20


def test_numbers_are_whole_and_players_are_nicknames(tmp_path: Path) -> None:
    frames = write(tmp_path, game(1)).published(TODAY).frames
    [row] = frames[RowKind.MAP].to_dict("records")
    assert (row["score1"], row["score2"], row["winner"], row["map"]) == ("13", "7", "1", "Nuke")
    assert row["team1_players"] == "team1-0|team1-1|team1-2|team1-3|team1-4"
    player = frames[RowKind.PLAYER_MAP].to_dict("records")[0]
    assert (player["player"], player["kills"], player["deaths"], player["adr"]) == ("team1-0", "20", "11", "81.5")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Swisher (Michael Schmid), US", "Swisher"),
        ("Kaide, RU", "Kaide"),
        ("H4SAN4TOR (Vladyslav  Tuchin), RU", "H4SAN4TOR"),
        ("mizu (one) (Two Three), DE", "mizu"),
        ("plain", "plain"),
    ],
)
def test_a_nickname_precedes_name_and_country(text: str, name: str) -> None:
    assert parse_nickname(text) == name


def test_a_lineup_of_four_is_unknown_and_has_statistics(tmp_path: Path) -> None:
    four = game(1, team1_player5="", team1_player5_kills="")
    frames = write(tmp_path, four).published(TODAY).frames
    assert len(frames[RowKind.PLAYER_MAP]) == 9
    assert pd.isna(rebuild(frames, Identities()).tables.map_results["lineup1_id"]).all()


def test_a_newer_version_of_the_file_corrects_an_older_one(tmp_path: Path) -> None:
    write(tmp_path, line(), game(1), name="old.csv")
    source = write(tmp_path, game(1, team1_win="0", score1_game="7.0", score2_game="13.0"), name="new.csv")
    os.utime(tmp_path / "old.csv", (time.time() - 600,) * 2)
    frame = source.published(TODAY).frames[RowKind.MAP]
    assert frame["winner"].tolist() == ["2"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_total": "yes"}, "column is_total holds 'yes'"),
        ({"datetime": "5.1.2026"}, "column datetime holds '5.1.2026'"),
    ],
)
def test_a_malformed_column_is_named(changes: dict[str, str], problem: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"games\.csv: ") as error:
        write(tmp_path, line(**changes)).published(TODAY)
    assert problem in str(error.value)


def test_a_malformed_line_is_one_rejection_and_the_others_are_read(tmp_path: Path) -> None:
    source = write(tmp_path, game(1), line(is_total="yes"), game(2, datetime="5.1.2026"))
    frames = source.published(TODAY).frames
    assert len(frames[RowKind.PLAYER_MAP]) == 10
    rebuilt_rows = rebuild(frames, Identities())
    assert len(rebuilt_rows.tables.map_results) == 1
    assert set(rebuilt_rows.rejections()) == {
        "column is_total holds 'yes', neither True nor False",
        "column datetime holds '5.1.2026', which is not a time",
    }
    bad = frames[RowKind.MAP][frames[RowKind.MAP]["problem"] != ""]
    assert bad[["file_name", "line_number"]].to_numpy().tolist() == [["games.csv", "3"], ["games.csv", "4"]]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    renamed = {name.replace("is_total", "total"): value for name, value in line().items()}
    with pytest.raises(SourceError, match="column is_total is missing"):
        write(tmp_path, renamed).published(TODAY)
    with pytest.raises(SourceError, match=r"the folder has no \*\.csv"):
        KaggleSource(tmp_path / "nowhere").published(TODAY)


def test_rows_after_today_are_not_published(tmp_path: Path) -> None:
    assert write(tmp_path, line()).published(date(2026, 1, 4)).frames == {}
