"""Schedule groups: equal keys on neighbouring days, directly or through others."""

import numpy as np
import pandas as pd

from pipelines.etl.schedule import by_group, schedule_groups


def groups(days: list[int], *keys: list[object]) -> list[list[int]]:
    return sorted(by_group(schedule_groups(np.array(days), *map(pd.Series, keys))).values())


def test_equal_keys_a_day_apart_are_one_group() -> None:
    assert groups([1, 2, 4], ["a", "a", "a"]) == [[0, 1], [2]]


def test_a_chain_of_days_is_one_group() -> None:
    assert groups([3, 1, 2], ["a", "a", "a"]) == [[0, 1, 2]]


def test_a_second_key_links_rows_of_different_first_keys() -> None:
    assert groups([1, 1, 1], ["a", "b", "c"], ["x", "x", "y"]) == [[0, 1], [2]]


def test_a_missing_key_links_nothing() -> None:
    assert groups([1, 1], ["a", "b"], [None, None]) == [[0], [1]]
