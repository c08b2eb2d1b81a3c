"""Numbers and winners as people and programs write them: read where the text has one meaning."""

import re

import pandas as pd

from pipelines.spelling import team_key

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f']")
_GROUPS = re.compile(r"[+-]?\d{1,3}(?:[\s\u00a0\u2009\u202f']\d{3})+(?:[.,]\d+)?")
_COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")
_DOT_GROUPS = re.compile(r"[+-]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})")
_ONE_COMMA = re.compile(r"[+-]?\d+,\d+")
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3},\d{3}")


def read_numbers(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Read texts as numbers: ``1,900.5``, ``1 850`` and ``1.700,5``, too.

    Returns:
        The numbers, missing where a text is none or empty; and whether a text is ambiguous: ``1,900`` is 1900 or 1.9.
    """
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    unread = texts[numbers.isna()].dropna().str.strip()
    unread = unread[unread != ""]
    numbers.loc[unread.index] = unread.map(_read_number).astype(float)
    ambiguous = pd.Series(texts.index.isin(unread.index[unread.map(_is_ambiguous).astype(bool)]), index=texts.index)
    return numbers, ambiguous


def _is_ambiguous(text: str) -> bool:
    return _AMBIGUOUS.fullmatch(text) is not None


def _read_number(text: str) -> float:
    if _is_ambiguous(text):
        return float("nan")
    if _GROUPS.fullmatch(text):
        return float(_SPACES.sub("", text).replace(",", "."))
    if _COMMA_GROUPS.fullmatch(text):
        return float(text.replace(",", ""))
    if _DOT_GROUPS.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    if _ONE_COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    return float("nan")


def read_winners(frame: pd.DataFrame) -> pd.Series:
    """Read the column ``winner``: 1 or 2, ``team1`` or ``team2``, or the name of one of the two teams.

    Returns:
        Numbers as text; a text that has no meaning, or two, stays as it is.
    """
    winners = frame["winner"].copy()
    odd = ~winners.isin(["1", "2", ""]) & pd.to_numeric(winners, errors="coerce").isna()
    if not odd.any():
        return winners
    for index, text, *teams in frame.loc[odd, ["winner", "team1", "team2"]].itertuples(name=None):
        keys = [team_key(team) for team in teams]
        readings = {side for side, key in zip("12", keys, strict=True) if key == team_key(text)}
        readings |= {side for side in "12" if text.strip().casefold() == f"team{side}"}
        if len(readings) == 1:
            winners[index] = readings.pop()
    return winners
