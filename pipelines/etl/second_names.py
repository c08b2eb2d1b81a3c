"""Map rows that repeat another row under a second name of a team."""

from collections import defaultdict

import pandas as pd

from pipelines.etl.match_rows import IdentifiedRows, publishers


def find_second_names(matches: IdentifiedRows, maps: pd.DataFrame) -> dict[int, int]:
    """Position of the original by position of a map row that repeats it under another name of a team.

    Both have the same day, map, teams and winner, and publishers that share no row. The row with more facts is kept.
    """
    facts = list(zip(maps["map"], publishers(maps), maps["hltv_match_id"], maps["score1"].notna(), strict=True))
    candidates: dict[object, list[int]] = defaultdict(list)
    for position, (topic, *_) in enumerate(facts):
        row = matches.rows[position]
        candidates[row.day, topic, row.pair, row.winning_team].append(position)
    original_of: dict[int, int] = {}
    for positions in candidates.values():
        ordered = sorted(positions, key=lambda each: (not facts[each][3], not all(matches.rows[each].rosters), each))
        originals: list[int] = []
        for position in ordered:
            _, published_by, match_id, _ = facts[position]
            names = set(matches.rows[position].named_teams)
            original = next(
                (
                    place
                    for place in originals
                    if set(matches.rows[place].named_teams) != names
                    and facts[place][1].isdisjoint(published_by)
                    and not (facts[place][2] and match_id and facts[place][2] != match_id)
                ),
                None,
            )
            if original is None:
                originals.append(position)
            else:
                original_of[position] = original
                originals.remove(original)  # one to one
    return original_of
