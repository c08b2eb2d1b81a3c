"""Schedule groups: rows of one pair of teams on neighbouring days, forecast and learned together."""

from collections import defaultdict

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cs2.forecasting.matches import IntArray

MAX_GAP_DAYS = 1


def schedule_groups(days: IntArray, *keys: pd.Series) -> IntArray:
    """Label rows that are linked by an equal key at most one day apart, directly or through others.

    The labels depend on who plays when, never on a result: they decide when a row is forecast and learned.

    Args:
        days: Day number, shape (n,).
        keys: One or more keys of each row (a missing key links nothing), each of shape (n,).

    Returns:
        Labels, shape (n,).
    """
    heads, tails = [], []
    for key in keys:
        codes = pd.factorize(key)[0]
        known = np.flatnonzero(codes >= 0)
        order = known[np.lexsort((days[known], codes[known]))]
        linked = (codes[order][1:] == codes[order][:-1]) & (np.diff(days[order]) <= MAX_GAP_DAYS)
        heads.append(order[:-1][linked])
        tails.append(order[1:][linked])
    head, tail = np.concatenate(heads), np.concatenate(tails)
    graph = coo_array((np.ones(len(head)), (head, tail)), shape=(len(days), len(days)))
    labels: IntArray = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def by_group(labels: IntArray) -> dict[int, list[int]]:
    """Return the positions of the rows of each group."""
    groups: dict[int, list[int]] = defaultdict(list)
    for position, label in enumerate(labels.tolist()):
        groups[label].append(position)
    return groups
