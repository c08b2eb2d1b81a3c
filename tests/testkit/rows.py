"""Published rows for tests: as short as the case allows."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from cs2.settings import SourceName
from pipelines.etl.id_register import Identities
from pipelines.etl.rebuild import TableSet, rebuild
from pipelines.etl.repository import load_identities, load_newest_rows
from pipelines.sources.base import PublishedRows, RowKind, SourceContent
from pipelines.sources.row_keys import with_row_keys

Row = dict[str, str]

A, B, C, D = "ana|bob|cid|dan|eve", "fay|gus|hal|ida|jim", "kai|leo|max|ned|oli", "pam|quinn|ray|sue|tom"
"""Lineups without a common player."""


def map_row(date: str, team1: str = "Alpha", team2: str = "Beta", winner: int = 1, **more: str) -> Row:
    scores = {"score1": "13", "score2": "7"} if winner == 1 else {"score1": "7", "score2": "13"}
    lineups = {"team1_players": "", "team2_players": ""}
    row = {"date": date, "map": "Nuke", "team1": team1, "team2": team2, "winner": str(winner)}
    return {**row, **scores, **lineups, "hltv_match_id": "", "hltv_map_id": "", "event": "", "map_number": "", **more}


def series_row(date: str, team1: str = "Alpha", team2: str = "Beta", winner: int = 1, **more: str) -> Row:
    row = {"date": date, "team1": team1, "team2": team2, "winner": str(winner), "number_on_day": "0"}
    return {**row, "team1_players": A, "team2_players": B, **more}


def fixture_row(start_time: str, team1: str = "Alpha", team2: str = "Beta", **more: str) -> Row:
    row = {"start_time": start_time, "date": start_time[:10], "team1": team1, "team2": team2}
    return {**row, "event": "Cup", "best_of": "3", **more}


def lineup_row(date: str, team1: str = "Alpha", team2: str = "Beta", **more: str) -> Row:
    row = {"date": date, "map": "Nuke", "team1": team1, "team2": team2, "team1_players": A, "team2_players": B}
    return {**row, "hltv_match_id": "", "hltv_map_id": "", **more}


def veto_rows(date: str, steps: Sequence[tuple[str, str]], **more: str) -> list[Row]:
    """Return a veto between Alpha and Beta; a step is its action, with its team, and its map."""
    rows = []
    for number, (text, name) in enumerate(steps, start=1):
        action, _, team = text.partition(" ")
        row = {"date": date, "team1": "Alpha", "team2": "Beta", "event": "", "hltv_match_id": "", **more}
        rows.append({**row, "step": str(number), "team": team, "action": action, "map": name})
    return rows


def published(maps: Sequence[Row] = (), series: Sequence[Row] = (), **others: Sequence[Row]) -> PublishedRows:
    """Return rows as a source publishes them; further kinds by name."""
    kinds = {RowKind.MAP: maps, RowKind.SERIES: series, **{RowKind(name): rows for name, rows in others.items()}}
    return PublishedRows(
        {kind: with_row_keys(pd.DataFrame(rows, dtype=str).fillna(""), kind) for kind, rows in kinds.items() if rows}
    )


def rebuilt(maps: Sequence[Row] = (), series: Sequence[Row] = (), **others: Any) -> TableSet:
    return rebuild(published(maps, series, **others).frames, Identities())


def rebuilt_from(connection: Connection) -> TableSet:
    """Rebuild the tables from the archive's stored rows."""
    return rebuild(load_newest_rows(connection, [SourceName.ARCHIVE]), load_identities(connection))


def outcomes(result: TableSet, kind: RowKind) -> list[str]:
    """Return the outcomes of the rows of a kind, in their order."""
    return result.outcomes[result.outcomes["kind"] == kind].sort_values("index")["outcome"].tolist()


def together(*sources: PublishedRows) -> TableSet:
    """Rebuild from several sources, framed as ``load_newest_rows`` does."""
    frames: dict[RowKind, pd.DataFrame] = {}
    for kind in RowKind:
        parts = [
            source.frames[kind].assign(row_key=f"{rank}:" + source.frames[kind]["row_key"], source_rank=rank)
            for rank, source in enumerate(sources)
            if kind in source.frames
        ]
        if parts:
            frames[kind] = pd.concat(parts, ignore_index=True).fillna("")
    return rebuild(frames, Identities())


def whole(rows: PublishedRows, today: date = date(2026, 1, 31)) -> PublishedRows:
    """Publish the rows as the whole content of their source."""
    keys = frozenset((kind, key) for kind, frame in rows.frames.items() for key in frame["row_key"])
    return PublishedRows(rows.frames, SourceContent(rows.frames, keys, today, frozenset()))
