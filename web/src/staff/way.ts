// Owns the way this phone is led along: asked for when the goal or the wish changes, and again when the phone has left it or the crew
// has come into a zone to avoid, or out of one.
// Invariant: when the trip is gone, so is the way.
import { Unreachable, type Api } from '../shared/api';
import { metresApart } from '../shared/places';
import { Store } from '../shared/store';
import type { LatLon, Prefer, Trip, Way } from '../shared/types';

/** Farther from the line than this, the phone has left it. */
export const LEFT_M = 60;
/** It is not asked for more often than this while the phone moves. */
export const ASK_EVERY_MS = 15_000;
/** Nor than this, when the way was found before the crew came into a zone: it does not lead out of it. */
export const ASK_ANEW_MS = 2_000;

export class WayAhead extends Store {
  way: Way | null = null;
  /** Why there is none, until one comes. */
  error: unknown = null;
  /** What was chosen; `null` is what the server thinks best. */
  prefer: Prefer | null = null;
  private goal: string | null = null;
  private trip: string | null = null;
  private asking = false;
  private askedMs = -Infinity;
  /** Whether the crew is in a zone, and whether it was when the way was found. */
  private isIn = false;
  private foundIn = false;

  constructor(private readonly api: Api) { super(); }

  /** The trip as it is now, and where the phone is. */
  follow(trip: Trip | null, at: LatLon | null, nowMs: number): void {
    const goal = trip ? `${trip.id}:${trip.phase === 'met' || trip.phase === 'escorting'}` : null;
    if (goal !== this.goal) {
      this.goal = goal;
      this.trip = trip?.id ?? null;
      this.way = this.error = this.prefer = null;
      this.askedMs = -Infinity;
      this.changed();
    }
    this.isIn = trip?.in_zone === true;
    const isOld = this.isIn !== this.foundIn;
    if (!goal || !at || nowMs - this.askedMs < (isOld ? ASK_ANEW_MS : ASK_EVERY_MS)) return;
    if (!isOld && this.way && metresFrom(this.way.line, at) < LEFT_M) return;
    void this.ask(nowMs);
  }
  choose(prefer: Prefer, nowMs: number): void {
    this.prefer = prefer;
    void this.ask(nowMs);
  }

  private async ask(nowMs: number): Promise<void> {
    if (this.asking || !this.trip) return;
    this.asking = true;
    this.askedMs = nowMs;
    const { goal, prefer, isIn } = this;
    try {
      const way = await this.api.way(this.trip, prefer);
      // Meanwhile the trip may have gone on or away.
      if (goal === this.goal) { this.way = way; this.error = null; this.foundIn = isIn; }
    } catch (error) {
      // Without an answer the last way still leads there.
      if (goal === this.goal) { this.error = error; if (!(error instanceof Unreachable)) { this.way = null; this.foundIn = isIn; } }
    } finally {
      this.asking = false;
    }
    this.changed();
    if (this.goal && (goal !== this.goal || prefer !== this.prefer)) await this.ask(nowMs);
  }
}

/** Whether there is a safer way to be chosen: with the rider, where some of it is walked. */
export const hasChoice = ({ to, mode }: Pick<Way, 'to' | 'mode'>): boolean => to === 'dropoff' && (mode === 'walk' || mode === 'transit');

/** Metres from a point to the nearest point of a line. */
export function metresFrom(line: Way['line'], at: LatLon): number {
  let least = Infinity;
  for (let i = 0; i + 1 < line.length; i++) least = Math.min(least, metresApart(at, nearest(line[i]!, line[i + 1]!, at)));
  return least;
}
function nearest([lonA, latA]: [number, number], [lonB, latB]: [number, number], at: LatLon): LatLon {
  const shrink = Math.cos((at.lat * Math.PI) / 180);
  const [dx, dy] = [(lonB - lonA) * shrink, latB - latA];
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : Math.min(1, Math.max(0, ((at.lon - lonA) * shrink * dx + (at.lat - latA) * dy) / square));
  return { lat: latA + (latB - latA) * share, lon: lonA + (lonB - lonA) * share };
}
