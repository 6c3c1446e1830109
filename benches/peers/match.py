"""Prints one table of map matching: our own answers and times (a JSON file the bench wrote) beside OSRM's on the same traces,
called in this process through its own Python bindings. Judges nothing.

match.py TRACES.json [MODE...]
"""

import json
import math
import pathlib
import sys
import time

import osrm

from compare import Osrm, quantile

# Fixes of the past OSRM is given where it may not see the future, and for which part of the fixes it is asked.
WINDOW = 20
ONE_IN = 10
# Without times it is asked of walks only: a car seldom seems to step back, and the search takes seconds.
TIMELESS_TOO = "walk"
# A place this near to the line truly taken is on it: coordinates are rounded.
LINE_M = 1.5
# Right is what lies so little ahead of the truth or behind it. Noise along the street is nobody's mistake: in the right
# street is what lies within so many spreads.
PLACE_M = 10
STREET_SPREADS = 3
STREET_M = 25
RADIUS_M = 6_371_008.8


def metres(a, b):
    x = math.radians(b[0] - a[0]) * math.cos(math.radians(a[1]))
    return math.hypot(x, math.radians(b[1] - a[1])) * RADIUS_M


class Line:
    """The way truly taken."""

    def __init__(self, points):
        self.points = points
        self.before_m = [0.0]
        for a, b in zip(points, points[1:]):
            self.before_m.append(self.before_m[-1] + metres(a, b))

    def off_along_m(self, fix, at, reach_m):
        """How far ahead of the truth or behind it a place lies; None if it lies off the line or further than `reach_m`."""
        truth_m = self.before_m[fix["passed"]] + metres(self.points[fix["passed"]], fix["truth"])
        across = math.cos(math.radians(at[1]))
        best = None
        for i, (a, b) in enumerate(zip(self.points, self.points[1:])):
            if self.before_m[i + 1] < truth_m - reach_m - LINE_M or self.before_m[i] > truth_m + reach_m + LINE_M:
                continue
            (ax, ay), (bx, by) = [(math.radians(p[0] - at[0]) * across * RADIUS_M, math.radians(p[1] - at[1]) * RADIUS_M)
                                  for p in (a, b)]
            dx, dy = bx - ax, by - ay
            square = dx * dx + dy * dy
            part = 0 if square == 0 else max(0, min(1, -(ax * dx + ay * dy) / square))
            if math.hypot(ax + part * dx, ay + part * dy) > LINE_M:
                continue
            off_m = abs(self.before_m[i] + part * math.sqrt(square) - truth_m)
            if off_m <= reach_m and (best is None or off_m < best):
                best = off_m
        return best


def match(engine, fixes, spread_m, with_times):
    """OSRM's place for each fix, or None. With times it refuses what is further by road than one moves from fix to fix, and
    so every step back that noise makes of a walk; without, it answers nearly always."""
    try:
        if len(fixes) == 1:
            answer = engine.Nearest(osrm.NearestParameters(coordinates=[tuple(fixes[0]["seen"])], generate_hints=False))
            return [answer["waypoints"][0]["location"]]
        answer = engine.Match(osrm.MatchParameters(
            coordinates=[tuple(f["seen"]) for f in fixes], radiuses=[spread_m] * len(fixes),
            timestamps=[f["at_s"] for f in fixes] if with_times else [], generate_hints=False,
        ))
    except RuntimeError:
        return [None] * len(fixes)
    return [point["location"] if point else None for point in answer["tracepoints"]]


def timed_match(times_us, *request):
    began = time.perf_counter()
    places = match(*request)
    times_us.append((time.perf_counter() - began) * 1e6)
    return places


OURS, SURE, UNSURE = "ours, fix by fix", "  those called sure", "  those called unsure"
LAST, LAST_TIMELESS = f"OSRM, last {WINDOW} fixes", f"OSRM, last {WINDOW}, no times"
WHOLE, WHOLE_TIMELESS = "OSRM, whole trace", "OSRM, whole, no times"


def case(mode, ours, engine):
    spread_m = ours["noise_m"]
    # Of each fix: what it was, the line it was made on, and where everybody puts it.
    fixes, took_us = [], {name: [] for name in (LAST, LAST_TIMELESS, WHOLE, WHOLE_TIMELESS)}
    for trace in ours["traces"]:
        line, path = Line(trace["line"]), trace["fixes"]
        whole = timed_match(took_us[WHOLE], engine, path, spread_m, True)
        took_us[WHOLE][-1] /= len(path)
        timeless = None
        if mode == TIMELESS_TOO:
            timeless = timed_match(took_us[WHOLE_TIMELESS], engine, path, spread_m, False)
            took_us[WHOLE_TIMELESS][-1] /= len(path)
        for i, fix in enumerate(path):
            places = {
                "the fix itself": fix["seen"], "nearest street": fix["nearest"], OURS: fix["ours"],
                SURE: fix["ours"] if fix["sure"] else None, UNSURE: None if fix["sure"] else fix["ours"],
            }
            if len(fixes) % ONE_IN == 0:
                window = path[max(0, i + 1 - WINDOW): i + 1]
                places[LAST] = timed_match(took_us[LAST], engine, window, spread_m, True)[-1]
                if timeless:
                    places[LAST_TIMELESS] = timed_match(took_us[LAST_TIMELESS], engine, window, spread_m, False)[-1]
            places[WHOLE] = whole[i]
            if timeless:
                places[WHOLE_TIMELESS] = timeless[i]
            fixes.append((fix, line, places))
    print(f"{mode}, spread {spread_m:.0f} m: {len(fixes)} fixes")
    shown_us = {name: f"{quantile(us, 0.5):.0f} {quantile(us, 0.99):.0f}" for name, us in took_us.items()}
    shown_us[OURS] = f"{ours['p50_us']:.0f} {ours['p99_us']:.0f}"
    for name in ("the fix itself", "nearest street", OURS, SURE, UNSURE, LAST, LAST_TIMELESS, WHOLE, WHOLE_TIMELESS):
        if mode != TIMELESS_TOO and name in (LAST_TIMELESS, WHOLE_TIMELESS):
            continue
        asked = [(fix, line, places[name], places[WHOLE]) for fix, line, places in fixes if name in places]
        given = [one for one in asked if one[2]]
        off = [metres(fix["truth"], at) for fix, _, at, _ in given]
        along = [line.off_along_m(fix, at, max(STREET_M, STREET_SPREADS * spread_m)) for fix, line, at, _ in given]
        same = [metres(at, whole) <= PLACE_M for _, _, at, whole in given if whole]
        share = lambda hits, of: f"{sum(hits) / len(of):.1%}" if of else "-"
        in_street = [m is not None for m in along]
        print(f"  {name:<24}{share(in_street, asked):>14}{len(given) / len(asked):>9.1%}{share(in_street, given):>14}"
              f"{share((m is not None and m <= PLACE_M for m in along), given):>13}"
              f"{quantile(off, 0.5):>10.1f}{quantile(off, 0.9):>7.1f}{share(same, same):>15}"
              f"{shown_us.get(name, '-'):>16}", flush=True)


def main():
    ours = json.loads(pathlib.Path(sys.argv[1]).read_text())
    print(f"map matching: seed {ours['seed']}, {ours['made_by']}; OSRM through Python")
    print(f"{'':<26}{'of all: right':>14}{'answered':>9}{'of those:':>14}{f'within {PLACE_M} m':>13}{'off, p50':>10}{'p90 m':>7}"
          f"{'as OSRM whole':>15}{'us, p50 p99':>16}")
    for mode in sys.argv[2:] or ["walk", "drive"]:
        engine = Osrm(mode, "mld").engine
        for one in ours[mode]:
            case(mode, one, engine)


if __name__ == "__main__":
    main()
