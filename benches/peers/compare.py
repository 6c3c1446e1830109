"""Prints the side-by-side table: our own answers and times (a JSON file the bench wrote) against OSRM and Valhalla on the same
points, called in this process through their own Python bindings. Judges nothing. Traces are in match.py.

compare.py POINTS.json THEIRS.json [MODE...]

THEIRS.json is written: their answers in seconds, by mode, peer, staff and pickup.
"""

import json
import pathlib
import sys
import time

import osrm
import valhalla

HERE = pathlib.Path(__file__).parent
DATA = HERE / ".data"
OSRM_PROFILE = {"walk": "foot", "drive": "car"}
VALHALLA_COSTING = {"walk": "pedestrian", "drive": "auto"}
# Rounds of one pickup and of the whole table; Valhalla takes seconds.
ROUNDS = {"osrm": (20, 3), "valhalla": (3, 1)}


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def timed(rounds, work):
    times = []
    work(0)
    for i in range(rounds):
        began = time.perf_counter()
        work(i)
        times.append((time.perf_counter() - began) * 1e6)
    return quantile(times, 0.5), max(times)


class Osrm:
    def __init__(self, mode, kind):
        self.name = f"OSRM {kind.upper()}"
        base = DATA / f"{OSRM_PROFILE[mode]}-{kind}" / "map.osrm"
        if not base.with_name("done").exists():
            raise FileNotFoundError(f"{self.name} for {mode} (make bench-peers-setup)")
        self.engine = osrm.OSRM(
            storage_config=str(base), algorithm=kind.upper(), use_shared_memory=False,
            max_locations_distance_table=10_000, max_locations_map_matching=10_000, max_radius_map_matching=200.0,
        )
        self.rounds = ROUNDS["osrm"]

    def table(self, staff, pickups):
        """Seconds by staff, then by pickup."""
        answer = self.engine.Table(osrm.TableParameters(
            coordinates=[tuple(p) for p in staff + pickups],
            sources=list(range(len(staff))),
            destinations=list(range(len(staff), len(staff) + len(pickups))),
            annotations=["duration"], generate_hints=False,
        ))
        return answer["durations"]


class Valhalla:
    """Its own choice of search: `costmatrix` for cars; `fast` forces `timedistancematrix`."""

    def __init__(self, mode, fast):
        self.name = "Valhalla, fast mode" if fast else "Valhalla, as it chooses"
        config = json.loads((DATA / "valhalla/config.json").read_text())
        for limits in config["service_limits"].values():
            if isinstance(limits, dict) and "max_matrix_location_pairs" in limits:
                limits["max_matrix_location_pairs"] = 1_000_000
                limits["max_matrix_distance"] = 10_000_000.0
        config["thor"]["source_to_target_algorithm"] = "timedistancematrix" if fast else "select_optimal"
        for section in config.values():
            if isinstance(section, dict) and "logging" in section:
                section["logging"]["type"] = ""
        # Archives that are not made here.
        for archive in ("tile_extract", "traffic_extract"):
            config["mjolnir"].pop(archive, None)
        self.actor = valhalla.Actor(config)
        self.costing = VALHALLA_COSTING[mode]
        self.rounds = ROUNDS["valhalla"]

    def table(self, staff, pickups):
        place = lambda p: {"lon": p[0], "lat": p[1]}
        answer = json.loads(self.actor.matrix(json.dumps({
            "sources": [place(p) for p in staff], "targets": [place(p) for p in pickups],
            "costing": self.costing, "verbose": False,
        })))
        return answer["sources_to_targets"]["durations"]


def agreement(ours_ms, theirs_s):
    """How the answers of the table agree. Rows are pickups for us, staff for them."""
    pickups, staff = len(ours_ms), len(ours_ms[0])
    ratios = []
    nearest = overlap = 0
    for p in range(pickups):
        ours = [(ms / 1000, s) for s, ms in enumerate(ours_ms[p]) if ms is not None]
        theirs = [(theirs_s[s][p], s) for s in range(staff) if theirs_s[s][p] is not None]
        for seconds, s in ours:
            # Below a minute rounding and the side of the street decide.
            if seconds >= 60 and theirs_s[s][p] is not None:
                ratios.append(theirs_s[s][p] / seconds)
        ours, theirs = sorted(ours), sorted(theirs)
        if ours and theirs:
            nearest += ours[0][1] == theirs[0][1]
            overlap += len({s for _, s in ours[:10]} & {s for _, s in theirs[:10]}) / 10
    return ratios, nearest / pickups, overlap / pickups


def side_by_side(mode, ours):
    """Prints the mode's part of the table; returns their answers by peer."""
    theirs = {}
    staff, pickups, ours_ms = ours["staff"], ours["pickups"], ours["ms"]
    print(f"\n{mode}: {len(staff)} staff, {len(pickups)} pickups" + " " * 12 + "x 1, us      x ours   x 100, ms      x ours"
          "    theirs : ours, p10 p50 p90   same nearest   of 10")
    print(f"  {'ours':<26}{ours['one_us']:>12.0f}{1:>12.0f}{ours['whole_us'] / 1000:>12.1f}{1:>12.0f}")
    engines = [lambda: Osrm(mode, "ch"), lambda: Osrm(mode, "mld"), lambda: Valhalla(mode, True)]
    if mode == "drive":
        engines.append(lambda: Valhalla(mode, False))
    for made in engines:
        try:
            engine = made()
        except FileNotFoundError as absent:
            print(f"  not made: {absent}", flush=True)
            continue
        one_us, _ = timed(engine.rounds[0], lambda i: engine.table(staff, [pickups[i % len(pickups)]]))
        row = f"  {engine.name:<26}{one_us:>12.0f}{one_us / ours['one_us']:>12.0f}"
        if engine.name == "Valhalla, as it chooses":
            print(row + "   (whole table not run: minutes)", flush=True)
            continue
        answers = []
        began = time.perf_counter()
        for _ in range(engine.rounds[1]):
            answers = engine.table(staff, pickups)
        whole_us = (time.perf_counter() - began) / engine.rounds[1] * 1e6
        # OSRM's own kinds of list and number are none that JSON knows.
        seconds = lambda s, p: None if answers[s][p] is None else float(answers[s][p])
        theirs[engine.name] = [[seconds(s, p) for p in range(len(pickups))] for s in range(len(staff))]
        ratios, nearest, overlap = agreement(ours_ms, answers)
        three = " ".join(f"{quantile(ratios, q):.3f}" for q in (0.1, 0.5, 0.9))
        print(row + f"{whole_us / 1000:>12.1f}{whole_us / ours['whole_us']:>12.0f}          {three:<20}{nearest:>15.0%}{overlap:>8.0%}",
              flush=True)
    return theirs


def main():
    ours = json.loads(pathlib.Path(sys.argv[1]).read_text())
    modes = sys.argv[3:] or ["walk", "drive"]
    print(f"side by side: seed {ours['seed']}, {ours['made_by']}; OSRM and Valhalla through Python, snapping included")
    theirs = {mode: side_by_side(mode, ours[mode]) for mode in modes}
    pathlib.Path(sys.argv[2]).write_text(json.dumps(theirs))


if __name__ == "__main__":
    main()
