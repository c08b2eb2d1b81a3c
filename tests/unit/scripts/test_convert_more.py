"""The converter of public player lines, lineups and picks, on small made-up files."""

import csv
from datetime import date
from pathlib import Path

import pytest

from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import rebuild
from pipelines.sources.archive import ArchiveSource
from pipelines.sources.base import RowKind
from scripts.convert_more.__main__ import main
from scripts.convert_more.bridge import Side, agreement_with_lineups, build_bridge, fold_slug
from tests.testkit.more_data import FIVES, MoreData, slug
from tests.testkit.rows import outcomes


@pytest.fixture
def data(tmp_path: Path) -> MoreData:
    """Four matches with lineups, then two without."""
    data = MoreData(tmp_path)
    for day, team1, team2, known in (
        ("2024-06-01", "Alpha", "Beta", True),
        ("2024-06-02", "Beta", "Gamma", True),
        ("2024-06-03", "Alpha", "Gamma", True),
        ("2024-06-04", "Alpha", "Beta", True),
        ("2025-02-01", "Alpha", "Beta", False),
        ("2025-02-02", "Gamma", "Alpha", False),
    ):
        data.add_match(day, team1, team2, has_lineups=known)
    return data


def convert(data: MoreData, out: Path) -> int:
    data.write()
    return main(["--more", str(data.more), "--archive", str(data.archive), "--out", str(out)])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_maps_without_lineups_get_them_in_the_spelling_of_the_archive(data: MoreData, tmp_path: Path) -> None:
    assert convert(data, tmp_path / "out") == 0
    rows = read(tmp_path / "out" / "lineups.csv")
    assert [(row["date"], row["map"]) for row in rows] == [
        ("2025-02-01", "Mirage"),
        ("2025-02-01", "Nuke"),
        ("2025-02-02", "Mirage"),
        ("2025-02-02", "Nuke"),
    ]
    assert rows[0]["team1_players"] == "Eve|ana|bob|cid|dan"
    assert rows[0]["team2_players"] == "Jim|fay|gus|hal|ida"


def test_statistics_are_in_the_format_of_the_archive(data: MoreData, tmp_path: Path) -> None:
    convert(data, tmp_path / "out")
    rows = read(tmp_path / "out" / "player_maps.csv")
    assert len(rows) == 6 * 2 * 10
    row = next(row for row in rows if row["player"] == "Eve")
    assert (row["kills"], row["deaths"], row["adr"], row["kast"]) == ("14", "9", "62.1", "57.1")
    assert next(row["kast"] for row in rows if row["player"] == "ana") == ""


def test_picks_and_decider_are_steps_in_the_order_of_play(data: MoreData, tmp_path: Path) -> None:
    convert(data, tmp_path / "out")
    rows = [row for row in read(tmp_path / "out" / "vetoes.csv") if row["date"] == "2024-06-01"]
    assert [(row["step"], row["action"], row["team"], row["map"]) for row in rows] == [
        ("3", "pick", "Beta", "Nuke"),
        ("4", "pick", "Alpha", "Mirage"),
        ("7", "decider", "", "Ancient"),
    ]


def test_the_order_of_play_of_another_source_is_found_by_teams_and_day(data: MoreData, tmp_path: Path) -> None:
    for row in data.maps:
        row["map_number"] = ""
    convert(data, tmp_path / "out")
    rows = [row for row in read(tmp_path / "out" / "vetoes.csv") if row["date"] == "2024-06-01"]
    assert [(row["step"], row["map"]) for row in rows] == [("3", "Nuke"), ("4", "Mirage"), ("7", "Ancient")]


def test_two_matches_of_a_pair_on_a_day_leave_the_order_unknown(data: MoreData, tmp_path: Path) -> None:
    data.add_match("2024-06-01", "Alpha", "Beta", has_lineups=True, begin="19:00:00")
    for row in data.maps:
        row["map_number"] = ""
    convert(data, tmp_path / "out")
    rows = [row for row in read(tmp_path / "out" / "vetoes.csv") if row["date"] == "2024-06-01"]
    assert [row["action"] for row in rows] == ["decider", "decider"]


def test_picks_without_an_order_are_left_out(data: MoreData, tmp_path: Path) -> None:
    data.picks[0]["winner_map"] = "Inferno"  # was not played
    convert(data, tmp_path / "out")
    rows = [row for row in read(tmp_path / "out" / "vetoes.csv") if row["date"] == "2024-06-01"]
    assert [row["action"] for row in rows] == ["decider"]


def test_the_etl_stores_everything_that_is_written(data: MoreData) -> None:
    assert convert(data, data.archive) == 0
    result = rebuild(ArchiveSource(data.archive).published(date(2025, 3, 1)).frames, Identities())
    assert set(outcomes(result, RowKind.LINEUP)) == {"stored"}
    assert set(outcomes(result, RowKind.PLAYER_MAP)) == {"stored"}
    # Ancient was never played, so that no forecast can name it.
    assert sorted(outcomes(result, RowKind.VETO)) == ["rejected"] * 6 + ["stored"] * 12
    assert result.tables.map_results["lineup1_id"].notna().all()
    assert sorted(result.tables.players["nickname"]) == sorted(name for five in FIVES.values() for name in five)


def test_a_side_with_an_unknown_player_is_left_out(data: MoreData, tmp_path: Path) -> None:
    for line in data.lines:
        if line["game_id"] == "5041" and line["player_slug"] == "ana":
            line["player_slug"] = "zoe"
    convert(data, tmp_path / "out")
    row = next(
        row for row in read(tmp_path / "out" / "lineups.csv") if (row["date"], row["map"]) == ("2025-02-01", "Nuke")
    )
    assert (row["team1_players"], row["team2_players"]) == ("", "Jim|fay|gus|hal|ida")


def test_a_match_after_midnight_is_the_match_of_the_day_before(data: MoreData, tmp_path: Path) -> None:
    data.add_match("2025-02-10", "Beta", "Gamma", has_lineups=False)
    for each in data.bo3_maps[-2:]:
        each["begin_at"] = "2025-02-11T00:30:00.000+00:00"
    convert(data, tmp_path / "out")
    assert {"2025-02-10"} == {row["date"] for row in read(tmp_path / "out" / "lineups.csv")[-2:]}


def test_the_output_does_not_depend_on_the_order_of_the_input(data: MoreData, tmp_path: Path) -> None:
    convert(data, tmp_path / "first")
    data.lines.reverse()
    data.picks.reverse()
    data.maps.reverse()
    convert(data, tmp_path / "second")
    for name in ("lineups.csv", "player_maps.csv", "vetoes.csv"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_a_missing_file_is_named_and_nothing_is_written(
    data: MoreData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.write()
    (data.more / "bo3gg_maps.csv").unlink()
    arguments = ["--more", str(data.more), "--archive", str(data.archive), "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "no bo3gg_maps.csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_file_that_lacks_a_column_is_named(data: MoreData, capsys: pytest.CaptureFixture[str]) -> None:
    data.write()
    (data.more / "bo3gg_player_maps.csv").write_text("game_id,kills\n1,2\n")
    assert main(["--more", str(data.more), "--archive", str(data.archive), "--check"]) == 2
    assert "bo3gg_player_maps.csv cannot be read" in capsys.readouterr().err


def test_an_old_file_stays_whole_where_the_new_one_cannot_be_written(
    data: MoreData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "vetoes.csv").mkdir(parents=True)  # a folder cannot be replaced by a file
    assert convert(data, tmp_path / "out") == 2
    assert "vetoes.csv cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "lineups.csv",
        "player_maps.csv",
        "vetoes.csv",
    ]


def test_check_prints_the_agreement(data: MoreData, capsys: pytest.CaptureFixture[str]) -> None:
    data.write()
    assert main(["--more", str(data.more), "--archive", str(data.archive), "--check"]) == 0
    printed = capsys.readouterr().out
    assert "before 2025-01-01" in printed
    assert "100.00%" in printed


def test_check_fails_where_too_few_agree(data: MoreData) -> None:
    data.write()
    table = data.more / "bo3gg_slug_to_archive_nickname.csv"
    table.write_text(table.read_text().replace("jimmy,Jim", "jimmy,Other"))
    assert main(["--more", str(data.more), "--archive", str(data.archive), "--check"]) == 1


def sides(n_days: int = 6) -> list[Side]:
    """Return sides of one team whose last player is a stand-in now and then."""
    five = FIVES["Alpha"]
    return [
        Side(f"2024-06-{day:02}", {slug(name): f"{name}.{day}" for name in five}, five) for day in range(1, n_days + 1)
    ]


def test_a_stand_in_that_one_source_misses_does_not_take_over_a_name() -> None:
    known = sides()
    players = {**known[0].players, "standin": "standin"}
    del players["dan"]
    bridge = build_bridge([*known, Side("2024-06-09", players, known[0].lineup)], [])
    assert bridge.nickname("dan") == "dan"
    assert all(bridge.nickname(slug(name)) == name for name in FIVES["Alpha"])


def test_names_without_likeness_are_told_by_their_company() -> None:
    """A player who is always there and one who changes his team: nothing alike in their names."""
    first = {"s1": "x", "s2": "x", "s3": "x", "s4": "x", "s5": "x"}
    second = {"s1": "x", "s6": "x", "s7": "x", "s8": "x", "s9": "x"}
    bridge = build_bridge(
        [Side("2024-06-01", first, ("p", "q", "r", "t", "u")), Side("2024-06-02", second, ("p", "v", "w", "y", "z"))]
        * 2,
        [],
    )
    assert bridge.nickname("s1") == "p"


def test_a_slug_without_a_vote_is_the_alike_nickname_among_the_same_teammates() -> None:
    lineups = [("Fl4sh", "ana", "bob", "cid", "dan"), ("flash", "kai", "leo", "max", "ned")]
    known = Side(
        "2024-06-01", {"kai": "", "leo": "", "max": "", "ned": "", "oli": ""}, ("kai", "leo", "max", "ned", "oli")
    )
    new = Side("2024-06-02", {"kai": "", "leo": "", "max": "", "ned": "", "flash-cs-go": ""}, ())
    bridge = build_bridge([known, new], [*lineups, lineups[0], known.lineup])
    assert bridge.nickname("flash-cs-go") == "flash"


def test_a_name_alone_is_nobody() -> None:
    """The archive's PR never played with one of these: the slug is another person."""
    strangers = Side("2024-06-02", dict.fromkeys(("pr", "kai", "leo", "max", "ned"), ""), ())
    bridge = build_bridge([strangers], [("PR", "ana", "bob", "cid", "dan")] * 9 + [("kai", "leo", "max", "ned", "oli")])
    assert bridge.nickname("pr") is None
    assert bridge.nickname("kai") == "kai"


def test_suffixes_of_slugs_are_dropped() -> None:
    assert {fold_slug(text) for text in ("lucky", "lucky-cs-go", "lucky-csgo", "lucky-2", "lucky-cs2-1")} == {"iucky"}


def test_votes_of_the_past_name_nobody_who_came_later() -> None:
    bridge = build_bridge(sides()[:3], [])
    newcomer = Side("2025-01-01", {slug(name): name for name in FIVES["Beta"]}, FIVES["Beta"])
    agreement = agreement_with_lineups(bridge, [sides()[-1], newcomer])
    assert (agreement.appearances, agreement.named, agreement.right) == (10, 5, 5)
