// Owns the zone that somebody is about to add: the draft, what is still missing of it, the body it makes. Pure; the words are `Zones`'.
import type { LatLon, ZoneBody } from '../shared/types';

/** Metres: the server's limits. */
export const RADIUS_M = { min: 10, max: 5_000, step: 10 } as const;

/** The radius stays as it was typed, right or wrong. */
export interface ZoneDraft { at: LatLon | null; radius: string }
export const EMPTY_ZONE: ZoneDraft = { at: null, radius: '150' };

/** Metres, or `null` for what is no whole number within the limits. */
export function radiusOf({ radius }: ZoneDraft): number | null {
  const metres = /^\d{1,5}$/.test(radius.trim()) ? Number(radius) : NaN;
  return metres >= RADIUS_M.min && metres <= RADIUS_M.max ? metres : null;
}
/** What is still to be said, the first of it. */
export function missing(draft: ZoneDraft): 'point' | 'radius' | null {
  if (!draft.at) return 'point';
  return radiusOf(draft) === null ? 'radius' : null;
}
/** A tenth of a metre is finer than anybody points. */
const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
/** The body the server wants, or `null` while something is missing. */
export function bodyOf(draft: ZoneDraft): ZoneBody | null {
  const radius_m = radiusOf(draft);
  return draft.at && radius_m !== null ? { around: { at: { lat: round(draft.at.lat), lon: round(draft.at.lon) }, radius_m } } : null;
}
