"""Findings about who is who: each decision with its evidence, doubtful ones first."""

from typing import Any

from tests.testkit.rows import A, B, C, map_row, rebuilt

Finding = dict[str, Any]


def findings(rows: list[dict[str, str]], *decisions: dict[str, str]) -> list[Finding]:
    others = {"identity": list(decisions)} if decisions else {}
    found: list[Finding] = rebuilt(maps=rows, **others).tables.identity_findings.to_dict("records")
    return found


def decision(name1: str, name2: str, verdict: str, **more: str) -> dict[str, str]:
    row = {"date": "2025-03-01", "about": "team", "name1": name1, "name2": name2, "verdict": verdict}
    return {**row, "member1": "", "member2": "", "reason": "", **more}


RENAME = [map_row("2025-01-01", "Apogee", team1_players=A), map_row("2025-01-09", "Betclic", team1_players=A)]


def test_a_link_by_the_same_five_is_clear() -> None:
    (link,) = findings(RENAME)
    assert (link["name"], link["other_name"], link["is_one"]) == ("Apogee", "Betclic", True)
    assert link["first_id"] == link["second_id"]
    assert not link["is_doubtful"]
    assert link["decided_on"].isoformat() == "2025-01-09"
    assert "same five" in link["reason"]


def test_nothing_found_is_an_empty_table() -> None:
    table = rebuilt(maps=[map_row("2025-01-01")]).tables.identity_findings
    assert table[table["is_doubtful"]].columns.tolist() == table.columns.tolist()


def test_a_link_that_was_undone_is_doubtful_and_comes_first() -> None:
    apart = [
        map_row(f"2025-02-{day:02}", name, team1_players=five)
        for day in (1, 3, 5)
        for name, five in (("Apogee", B), ("Betclic", A))
    ]
    first = findings([*RENAME, *apart])[0]
    assert (first["is_one"], first["is_doubtful"]) == (False, True)
    assert "played side by side" in first["reason"]


def test_a_name_that_comes_back_without_known_members_is_doubtful() -> None:
    back = [map_row("2023-01-01", "Phoenix"), map_row("2025-01-01", "Phoenix", team1_players=A)]
    (found,) = [each for each in findings(back) if each["name"] == "Phoenix"]
    assert (found["is_one"], found["is_doubtful"]) == (False, True)
    assert "before unknown members; then ana, bob, cid, dan, eve" in found["reason"]


def test_a_decision_of_an_operator_has_its_reason() -> None:
    (found,) = findings(RENAME, decision("Apogee", "Betclic", "two", reason="sold the name"))[:1]
    assert (found["decided_by"], found["is_one"], found["is_doubtful"]) == ("operator", False, False)
    assert found["reason"].endswith(": sold the name")


def test_a_decision_about_an_unknown_name_says_so() -> None:
    first = findings(RENAME, decision("Apogee", "Nobody", "one"))[0]
    assert first["is_doubtful"]
    assert "no match names nobody" in first["reason"]


def test_a_possible_rename_without_lineups_is_listed() -> None:
    opponents = ["Rival One", "Rival Two", "Rival Three"]
    matches = [
        map_row(f"2025-{month:02}-{2 * day:02}", name, opponents[day % 3])
        for month, name in ((1, "Gambit"), (2, "Players"))
        for day in range(1, 13)
    ]
    (found,) = findings(matches)
    assert (found["name"], found["other_name"], found["is_one"]) == ("Gambit", "Players", False)
    assert "2025-01-24 is the last day of the one" in found["reason"]


def test_names_that_met_are_no_rename() -> None:
    matches = [map_row(f"2025-01-{day:02}", "Gambit", "Rival") for day in range(1, 13)]
    matches += [map_row("2025-01-13", "Gambit", "Players")]
    matches += [map_row(f"2025-02-{day:02}", "Players", "Rival") for day in range(1, 13)]
    assert findings(matches) == []


def test_two_players_of_one_nickname_are_listed_with_their_mates() -> None:
    rows = [
        map_row(f"2025-01-{day:02}", f"Team {day % 2}", team1_players="ana|" + (B if day % 2 else C)[4:])
        for day in range(1, 20)
    ]
    found = [each for each in findings(rows) if each["about"] == "player" and not each["is_one"]]
    assert [each["name"] for each in found] == ["ana"]
    assert found[0]["evidence"] >= 6.5
    assert "go on side by side" in found[0]["reason"]
