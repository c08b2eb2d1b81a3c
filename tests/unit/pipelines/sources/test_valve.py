"""Valve's standings: pages that are read, pages that are ignored, and errors for a changed layout."""

import logging
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.valve import GeneratedStandings
from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources.base import RowKind, SourceError
from pipelines.sources.git import Checkout
from pipelines.sources.valve import ValveSource, build_frames
from pipelines.sources.valve_pages import day_of
from pipelines.sources.valve_standings import AllStandings, StandingsReader
from tests.testkit.repositories import commit

A, B, C = "ana, bob, cid, dan, eve", "fay, gus, hal, ida, jim", "kai, leo, max, ned, oli"
TODAY = date(2025, 12, 31)
HEADER = (
    "| Match Played | Match ID | Date | Opponent | W/L | Age Weight | Event Weight | Bounty Collected "
    "| Opponent Network | LAN Wins | H2H Adj. | Roster |\n"
    "| -: | -: | :- | :- | :- | :- | :- | :- | :- | :- | -: | :- |\n"
)


def match(match_id: int, day: str, opponent: str, result: str, lineup: str = A, *, lan: str = "-") -> str:
    return f"|  1 | {match_id} | {day} | {opponent} | {result} | 1 | - | - | - | {lan} | 1.0 | {lineup} |\n"


def page(team: str, roster: str, *matches: str, rank: int = 1, points: float = 1500.5, header: str = HEADER) -> str:
    return (
        f"### Roster Details<br />\nTeam Name: {team}<br />\nRoster: {roster}<br />\n"
        f"Global Rank: [{rank}](../../standings.md)<br />\n<br />\nRegion: [Europe]( ../../europe.md)<br />\n"
        f"Final Rank Value:  {points}<br />\n<br />\n"
        f"Final Rank Value ({points}) = Starting Rank Value (1400.2) + Head To Head Adjustments (100.3)<br />\n\n"
        f"{header}{''.join(matches)}\n<br />\n| Event Date | Prize |\n| :- | :- |\n| 2025-08-01 | $1 |\n"
    )


def standings(day: str, *pages: str) -> list[tuple[str, str]]:
    folder = f"live/{day[:4]}/details/{day}"
    return [(f"{folder}/{number:04}--x.md", text) for number, text in enumerate(pages)] + [
        (f"live/{day[:4]}/standings_global_{day}.md", "| Standing |\n")
    ]


def collect_standings(files: Iterable[tuple[str, str]]) -> AllStandings:
    collected = AllStandings()
    for folder, pages in groupby(files, key=lambda file: file[0].rpartition("/")[0]):
        day = day_of(folder)
        if day is not None:
            collected.parse_and_add(day, list(pages))
    collected.check()
    return collected


def series(*files: tuple[str, str]) -> pd.DataFrame:
    return build_frames(collect_standings(files)).get(RowKind.SERIES, pd.DataFrame())


def outcomes(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(frame[["date", "team1", "team2", "winner"]].itertuples(index=False, name=None))


DAY_ONE = standings(
    "2025_08_04",
    page("Zeta", A, match(7, "2025-08-01", "Beta", "W")),
    page("Beta", B, match(7, "2025-08-01", "Zeta", "L", B), rank=2, points=1200.0),
)


def test_two_pages_make_one_series_with_both_lineups() -> None:
    [row] = series(*DAY_ONE).to_dict("records")
    assert (row["date"], row["team1"], row["team2"], row["winner"]) == ("2025-08-01", "Beta", "Zeta", "2")
    assert (row["team1_players"], row["team2_players"]) == (B.replace(", ", "|"), A.replace(", ", "|"))
    assert row["month"] == "2025-08-01"


def test_standings_have_points_and_region() -> None:
    frame = build_frames(collect_standings(DAY_ONE))[RowKind.STANDING]
    columns = ["date", "team", "roster", "rank", "points", "starting_points", "region"]
    assert frame[columns].iloc[1].tolist() == [
        "2025-08-04",
        "Beta",
        B.replace(", ", "|"),
        "2",
        "1200.0",
        "1400.2",
        "Europe",
    ]


def test_a_series_on_one_page_only_is_left_out() -> None:
    pages = standings("2025_08_04", page("Zeta", A, match(7, "2025-08-01", "Gone", "W")))
    assert series(*pages).empty


def test_a_series_with_contradicting_pages_is_rejected() -> None:
    both = page("Zeta", A, match(7, "2025-08-01", "Beta", "W")), page("Beta", B, match(7, "2025-08-01", "Zeta", "W", B))
    rebuilt = rebuild(build_frames(collect_standings(standings("2025_08_04", *both))), Identities())
    assert rebuilt.rejections() == {"winner is neither 1 nor 2": 1}


def test_the_column_of_lan_wins_changes_nothing() -> None:
    """Only the ten best wins have it, so as a feature it would reveal the winner."""
    without = page("Zeta", A, match(7, "2025-08-01", "Beta", "W", lan="-"))
    filled = page("Zeta", A, match(7, "2025-08-01", "Beta", "W", lan="1 (0.9)"))
    beta = DAY_ONE[1][1]
    one, other = (build_frames(collect_standings(standings("2025_08_04", first, beta))) for first in (without, filled))
    assert all(one[kind].equals(other[kind]) for kind in one)
    assert not any("lan" in column for column in one[RowKind.SERIES].columns)


def test_the_first_standings_name_a_series_and_the_last_decide() -> None:
    later = standings(
        "2025_09_01",
        page("Zeta Reborn", A, match(99, "2025-08-01", "Beta", "L")),
        page("Beta", B, match(99, "2025-08-01", "Zeta Reborn", "W", B)),
    )
    assert outcomes(series(*DAY_ONE, *later)) == [("2025-08-01", "Beta", "Zeta", "1")]


def test_two_series_of_one_day_stay_two_when_one_expires() -> None:
    twice = standings(
        "2025_08_04",
        page("Zeta", A, match(7, "2025-08-01", "Beta", "W"), match(9, "2025-08-01", "Beta", "L")),
        page("Beta", B, match(7, "2025-08-01", "Zeta", "L", B), match(9, "2025-08-01", "Zeta", "W", B)),
    )
    edge = [
        (path.replace("2025_08_04", "2026_01_30").replace("live/2025", "live/2026"), text) for path, text in DAY_ONE
    ]
    frame = series(*twice, *edge)
    assert outcomes(frame) == [("2025-08-01", "Beta", "Zeta", "1"), ("2025-08-01", "Beta", "Zeta", "2")]
    assert frame["row_key"].is_unique


def test_ranks_are_those_of_the_standings_before_the_day() -> None:
    later = standings(
        "2025_09_01",
        page(
            "Zeta", A, match(1, "2025-09-01", "Beta", "W"), match(2, "2025-08-31", "Beta", "W", "ana, bob, cid, x, y"),
            match(3, "2025-08-30", "Beta", "W", "ana, bob, x, y, z"), rank=40, points=900.0,
        ),
        page(
            "Beta", B, match(1, "2025-09-01", "Zeta", "L", B), match(2, "2025-08-31", "Zeta", "L", B),
            match(3, "2025-08-30", "Zeta", "L", B),
        ),
    )  # fmt: skip
    frame = series(*DAY_ONE, *later).set_index("date")
    ranks = frame[["team1_rank", "team1_points", "team2_rank", "team2_points"]]
    assert ranks.loc["2025-08-01"].tolist() == [""] * 4
    assert ranks.loc["2025-08-30"].tolist() == ["2", "1200.0", "", ""]  # two of five are another roster
    assert ranks.loc["2025-08-31"].tolist() == ranks.loc["2025-09-01"].tolist() == ["2", "1200.0", "1", "1500.5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DAY_ONE[0][1].replace("W/L", "Result"), "column W/L is missing; the table has: Match Played"),
        (DAY_ONE[0][1].replace("Final Rank Value: ", "Final Value: "), "field 'Final Rank Value' is missing"),
        (DAY_ONE[0][1].replace("Global Rank: [1]", "Global Rank: first"), "field 'Global Rank' is missing or mal"),
        (DAY_ONE[0][1].replace("| 2025-08-01 | Beta", "| 1 August | Beta"), "column Date holds '1 August'"),
        (DAY_ONE[0][1].replace("| W |", "| Win |"), "column W/L holds 'Win'"),
        (DAY_ONE[0][1].replace("| 1.0 | ana", "| ana"), "a row has 11 cells for 12 columns"),
    ],
)  # fmt: skip
def test_another_layout_of_the_newest_pages_is_named(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=r"live/2025/details/2025_09_01/0000--x\.md: ") as error:
        collect_standings([*DAY_ONE, *standings("2025_09_01", text)])
    assert message in str(error.value)


def test_older_pages_of_another_layout_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    old = standings("2025_07_07", DAY_ONE[0][1].replace("W/L", "Result"))
    with caplog.at_level(logging.WARNING):
        assert len(series(*old, *DAY_ONE)) == 1
    assert "2025_07_07/0000--x.md: column W/L is missing" in caplog.text


def test_a_repository_without_standings_is_named() -> None:
    with pytest.raises(SourceError, match="the repository has no page live/YYYY/details"):
        collect_standings([("live/2025/notes.md", "nothing")])


def test_rows_after_today_are_not_published(tmp_path: Path) -> None:
    commit(tmp_path, dict(DAY_ONE))
    source = ValveSource(Checkout(tmp_path))
    assert {kind: len(frame) for kind, frame in source.published(TODAY).frames.items()} == {"series": 1, "standing": 2}
    assert set(source.published(date(2025, 8, 3)).frames) == {RowKind.SERIES}
    assert source.published(date(2025, 7, 31)).frames == {}
    assert source.published(TODAY).month_digests().keys() == {"2025-08-01"}


def test_the_fingerprint_follows_the_commit_and_the_day(tmp_path: Path) -> None:
    commit(tmp_path, dict(DAY_ONE))
    source = ValveSource(Checkout(tmp_path))
    first = source.fingerprint(TODAY)
    assert first == source.fingerprint(TODAY) != source.fingerprint(date(2026, 1, 1))
    commit(tmp_path, {"live/2025/notes.md": "new"})
    assert source.fingerprint(TODAY) != first


class CountingCheckout(Checkout):
    """A checkout that counts the folders from which files were read."""

    n_folders = 0

    def read_files(self, commit: str, *folders: str) -> Iterator[tuple[str, str]]:
        self.n_folders += len(folders)
        return super().read_files(commit, *folders)


def three_standings() -> list[dict[str, str]]:
    return list(GeneratedStandings(n_standings=3, n_series=60, n_rosters=8).files())


def frames_of(repository: Path) -> dict[RowKind, pd.DataFrame]:
    checkout = Checkout(repository)
    return build_frames(StandingsReader(checkout).read(checkout.head_commit()))


def equal(one: dict[RowKind, pd.DataFrame], other: dict[RowKind, pd.DataFrame]) -> bool:
    return one.keys() == other.keys() and all(one[kind].equals(other[kind]) for kind in one)


def test_one_more_standings_is_all_that_is_read(tmp_path: Path) -> None:
    checkout = CountingCheckout(tmp_path)
    reader = StandingsReader(checkout)
    for n_read, files in enumerate(three_standings(), start=1):
        head = commit(tmp_path, files)
        frames = build_frames(reader.read(head))
        assert equal(frames, frames_of(tmp_path)), "step by step the rows are those of one read"
        assert checkout.n_folders == n_read
    reader.read(commit(tmp_path, {"live/2025/notes.md": "no standings"}))
    assert checkout.n_folders == n_read


def test_corrected_and_removed_standings_are_read_again(tmp_path: Path) -> None:
    first, second, third = three_standings()
    reader = StandingsReader(Checkout(tmp_path))
    reader.read(commit(tmp_path, first | second | third))
    path = next(iter(first))
    corrected = commit(tmp_path, {path: first[path].replace("Team Name: Team 0", "Team Name: Renamed")})
    frames = build_frames(reader.read(corrected))
    assert "Renamed" in set(frames[RowKind.STANDING]["team"])
    assert equal(frames, frames_of(tmp_path))
    for name in third:
        (tmp_path / name).unlink()
    frames = build_frames(reader.read(commit(tmp_path)))
    assert frames[RowKind.STANDING]["date"].nunique() == 2
    assert equal(frames, frames_of(tmp_path))


def test_after_a_failure_only_the_standings_from_there_on_are_read(tmp_path: Path) -> None:
    first, second, third = three_standings()
    broken = {path: text.replace("W/L", "Result") for path, text in third.items()}
    checkout = CountingCheckout(tmp_path)
    reader = StandingsReader(checkout)
    head = commit(tmp_path, first | second | broken)
    for _ in range(2):  # each poll reports the problem, and reads nothing again
        with pytest.raises(SourceError, match="column W/L is missing"):
            reader.read(head)
    assert checkout.n_folders == 3
    assert equal(build_frames(reader.read(commit(tmp_path, third))), frames_of(tmp_path))


def test_a_page_that_is_not_utf8_is_named_and_read_after_its_correction(tmp_path: Path) -> None:
    first, second, third = three_standings()
    path = next(iter(third))
    commit(tmp_path, first | second | third)
    (tmp_path / path).write_bytes(b"\xff")
    checkout = CountingCheckout(tmp_path)
    reader = StandingsReader(checkout)
    head = commit(tmp_path)
    for _ in range(2):
        with pytest.raises(SourceError, match=f"{path}: not UTF-8"):
            reader.read(head)
    assert checkout.n_folders == 3 + 2, "the second poll reads the standings before the page again, and no older ones"
    assert equal(build_frames(reader.read(commit(tmp_path, third))), frames_of(tmp_path))
