"""Stairwells over teams: neighbours to one team, and as many doors to each as to the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def split_evenly(doors: Sequence[int], teams: int) -> list[range]:
    """Cut stairwells, in walking order and with so many doors each, into at most ``teams`` runs of neighbours.

    Of all ways to cut them it is one with the least sum of squared doors per team, which no other evenness beats: the
    longest run is short and none is needlessly small. Where there are fewer stairwells than teams, some teams get none.
    """
    count, teams = len(doors), min(teams, len(doors))
    if teams < 1:
        return []
    upto = [0, *accumulate(doors)]
    cost: list[float] = [float(upto[end] ** 2) for end in range(count + 1)]
    cuts: list[list[int]] = [[0] * (count + 1)]
    for team in range(1, teams):
        best, cut = [float("inf")] * (count + 1), [0] * (count + 1)
        for end in range(team + 1, count + 1):
            for start in range(end - 1, team - 1, -1):
                run = (upto[end] - upto[start]) ** 2
                if run >= best[end]:
                    # Runs only grow from here.
                    break
                if cost[start] + run < best[end]:
                    best[end], cut[end] = cost[start] + run, start
        cost = best
        cuts.append(cut)
    runs, end = [], count
    for cut in reversed(cuts):
        runs.append(range(cut[end], end))
        end = cut[end]
    return runs[::-1]
