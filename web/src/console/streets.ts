// Owns what somebody is about to say of streets: the draft, what is still missing of it, the body it makes. Pure; the words are
// `StreetForm`'s.
import { koreanDate, koreanInstant } from '../shared/korea';
import type { ConditionBody, LatLon, OnStreets, RoadClass } from '../shared/types';

export const FACTORS = [1.2, 1.5, 2, 3, 5] as const;
/** Metres around a point: the server's limits. */
export const RADIUS_M = { min: 5, max: 500, step: 5 } as const;
export const WHOM: readonly OnStreets[] = ['walk', 'cycle', 'drive'];

export interface Draft {
  /** `null` is closed. */
  factor: number | null;
  where: 'around' | 'along' | 'class' | 'line';
  at: LatLon | null; radius_m: number;
  from: LatLon | null; to: LatLon | null;
  /** The other carriageway too, where the map draws it apart. */
  both: boolean;
  /** Which end the next point is. */
  end: 'from' | 'to';
  road: RoadClass;
  /** A line of the subway, by its name on the map. */
  line: string;
  modes: readonly OnStreets[];
  /** `told`: until somebody takes it back. */
  until: 'told' | 'today' | 'tomorrow'; time: string;
  byHours: boolean; hours: { from: number; to: number };
}
/** Closed for everybody until somebody says otherwise: who gives no end is not led into it by a clock. Who closes a street means both
 *  its carriageways. */
export const EMPTY_DRAFT: Draft = {
  factor: null, where: 'around', at: null, radius_m: 50, from: null, to: null, both: true, end: 'from', road: 'primary', line: '', modes: WHOM,
  until: 'told', time: '', byHours: false, hours: { from: 7, to: 10 },
};

export function changed(draft: Draft, part: Partial<Draft>): Draft {
  const next = { ...draft, ...part };
  // A class of road is slow, never closed: the server refuses a city without its main roads.
  return next.factor === null && next.where === 'class' ? { ...next, where: 'around' } : next;
}
/** A tenth of a metre is finer than anybody points. */
const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
/** Whether points on the map say where. */
export const isPlace = ({ where }: Draft): boolean => where === 'around' || where === 'along';
/** With the point somebody chose; along a street one end and then the other, which further points correct. */
export function picked(draft: Draft, { lat, lon }: LatLon): Draft {
  const at = { lat: round(lat), lon: round(lon) };
  if (draft.where === 'around') return { ...draft, at };
  if (!isPlace(draft)) return draft;
  return { ...draft, [draft.end]: at, end: draft.to ? draft.end : 'to' };
}

export type Missing = 'point' | 'ends' | 'line' | 'modes' | 'time' | 'hours';
/** What is still to be said, the first of it. */
export function missing({ where, at, from, to, line, modes, until, time, byHours, hours }: Draft): Missing | null {
  if (where === 'around' && !at) return 'point';
  if (where === 'along' && !(from && to)) return 'ends';
  if (where === 'line' && line === '') return 'line';
  if (where !== 'line' && modes.length === 0) return 'modes';
  if (until !== 'told' && time === '') return 'time';
  return byHours && hours.from === hours.to ? 'hours' : null;
}

/** The body the server wants, or `null` while something is missing. */
export function bodyOf(draft: Draft, nowMs: number): ConditionBody | null {
  if (missing(draft)) return null;
  const { factor, where, at, radius_m, from, to, both, road, line, modes, until, time, byHours, hours } = draft;
  const streets = { class: { class: road }, line: { line }, around: { around: { at: at!, radius_m } }, along: { along: { from: from!, to: to!, ...(both && { both_carriageways: true }) } } }[where];
  return {
    ...(factor === null ? { closed: true } : { factor }),
    ...streets,
    // Trains are for who walks to them.
    modes: where === 'line' ? ['walk'] : WHOM.filter((one) => modes.includes(one)),
    ...(byHours && { hours }),
    ...(until !== 'told' && { until: koreanInstant(koreanDate(nowMs, until === 'today' ? 0 : 1), time) }),
  };
}
