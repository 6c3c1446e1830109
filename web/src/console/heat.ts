// Owns what the table of travel times shows in each cell, the order of the conditions, and how long a new one is waited for. Pure; the
// words are `Travel`'s.
import type { Condition, RoadClass, TravelHour, TravelProfile } from '../shared/types';

export const ROAD_CLASSES: readonly RoadClass[] = ['motorway', 'primary', 'secondary', 'tertiary', 'residential', 'path'];
/** Finished ways from which on a way of travelling is fitted, and from which on it is judged by halves: the server's. */
export const FITTED_FROM = 30;
export const JUDGED_FROM = 60;
/** An hour with fewer ways takes its spread from other hours. */
export const OWN_FROM = 10;

/** Classes that nobody can go along on foot are no row of walking. */
export function classesOf({ profile }: Pick<TravelProfile, 'profile'>): RoadClass[] {
  const skipped: RoadClass = profile === 'drive' ? 'path' : 'motorway';
  return ROAD_CLASSES.filter((one) => one !== skipped);
}

/** Paler than white is none: from green (quicker than the empty road) over white to deep amber at three times. */
export function shade(factor: number): string {
  const slow = Math.min(1, Math.max(0, Math.log(factor) / Math.log(3)));
  const quick = Math.min(1, Math.max(0, -Math.log(factor) / Math.log(2)));
  const mix = (from: number, to: number, share: number): number => Math.round(from + (to - from) * share);
  const [r, g, b] = quick > 0 ? [140, 205, 170] : [226, 120, 30];
  const share = quick > 0 ? quick : slow;
  return `rgb(${mix(255, r, share)},${mix(255, g, share)},${mix(255, b, share)})`;
}

export interface HeatCell { hour: number; factor: number; legs: number; color: string }
export function heatRow(hours: readonly TravelHour[], road: RoadClass): HeatCell[] {
  return hours.map(({ hour, factors, observations_on }) => ({ hour, factor: factors[road], legs: observations_on[road], color: shade(factors[road]) }));
}

/** What counts now first; of those what ends soonest; what nobody has put an end to last. */
export function byUrgency(conditions: readonly Condition[]): Condition[] {
  const ends = ({ until }: Condition): number => (until ? Date.parse(until) : Infinity);
  return [...conditions].sort((a, b) => Number(b.in_force) - Number(a.in_force) || (ends(a) < ends(b) ? -1 : ends(a) > ends(b) ? 1 : 0));
}

const AWAITED_MS = 60_000;
/** Said lately and not in force: travel times may not have been found under it yet, or its hours are others. */
export function isAwaited({ in_force, created_at }: Condition, nowMs: number): boolean {
  return !in_force && nowMs - Date.parse(created_at) < AWAITED_MS;
}
