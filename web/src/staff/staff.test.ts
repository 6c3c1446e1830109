// The order of taps for two people who arrive apart, where the demo walks, and how it moves.
import { expect, it } from 'vitest';
import { metresApart } from '../shared/places';
import type { Phase, Trip } from '../shared/types';
import { goalOf, nextTap } from './duty';
import { Walk } from './walk';

const trip = (phase: Phase, own: Phase, other: Phase): Trip => ({
  id: 't', phase, pickup: { lat: 1, lon: 1 }, dropoff: { lat: 2, lon: 2 },
  crew: [{ no: 1, display: 'a', phase: own, eta_s: null, you: true }, { no: 2, display: 'b', phase: other, eta_s: null, you: false }],
});

it.each<[Phase, Phase, Phase, Phase | null]>([
  ['assigned', 'assigned', 'assigned', 'en_route'],
  ['assigned', 'en_route', 'assigned', 'arrived'],
  ['assigned', 'arrived', 'assigned', null],
  ['en_route', 'en_route', 'arrived', 'arrived'],
  ['en_route', 'arrived', 'en_route', null],
  ['arrived', 'arrived', 'arrived', 'met'],
  ['met', 'arrived', 'arrived', 'escorting'],
  ['escorting', 'escorting', 'escorting', 'completed'],
  ['completed', 'completed', 'completed', null],
])('trip %s, own %s, partner %s: next is %s', (phase, own, other, next) => {
  expect(nextTap(trip(phase, own, other))).toBe(next);
});

it('goal_is_the_meeting_point_then_the_end_then_nothing', () => {
  expect(goalOf(trip('en_route', 'en_route', 'en_route'))).toEqual({ lat: 1, lon: 1 });
  expect(goalOf(trip('met', 'met', 'met'))).toEqual({ lat: 2, lon: 2 });
  expect(goalOf(null)).toBeNull();
});

it('a_walk_moves_evenly_and_stops_at_its_end', () => {
  const walk = new Walk({ points: [[127, 37.5], [127, 37.501], [127, 37.503]], length_m: 334, duration_s: 300 }, 0);
  expect(walk.at(0)).toEqual({ lat: 37.5, lon: 127 });
  const steps = [30, 60, 90, 120].map((s) => metresApart(walk.at((s - 30) * 1000), walk.at(s * 1000)));
  for (const step of steps) expect(step).toBeCloseTo(walk.length / 10, 3);
  expect(walk.over(299_000)).toBe(false);
  expect(walk.over(301_000)).toBe(true);
  expect(walk.at(999_000).lat).toBeCloseTo(37.503, 6);
});
it('a_walk_of_one_point_stands_still', () => {
  const walk = new Walk({ points: [[127, 37.5]], length_m: 0, duration_s: 0 }, 0);
  expect(walk.at(5_000)).toEqual({ lat: 37.5, lon: 127 });
});
