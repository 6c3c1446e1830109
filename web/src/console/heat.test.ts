// The table of travel times: each cell says what the server said of it, and what counts comes first.
import { expect, it } from 'vitest';
import type { Condition, RoadClass, TravelHour } from '../shared/types';
import { byUrgency, classesOf, heatRow, ROAD_CLASSES, shade } from './heat';

const of = <T>(value: (road: RoadClass) => T): Record<RoadClass, T> => Object.fromEntries(ROAD_CLASSES.map((road) => [road, value(road)])) as Record<RoadClass, T>;
const hour = (at: number, factor: number, legs: number): TravelHour =>
  ({ hour: at, observations: legs, source: 'calibrated', spread: 1.3, factors: of((road) => (road === 'primary' ? factor : 1)), observations_on: of((road) => (road === 'primary' ? legs : 0)) });

it('a_row_is_the_hours_of_one_class_of_road', () => {
  const hours = [hour(0, 1, 0), hour(8, 2.2, 41)];
  expect(heatRow(hours, 'primary').map(({ hour: at, factor, legs }) => [at, factor, legs])).toEqual([[0, 1, 0], [8, 2.2, 41]]);
  expect(heatRow(hours, 'residential').map(({ legs }) => legs)).toEqual([0, 0]);
});
it('slower_is_darker_quicker_is_green_and_the_empty_road_is_white', () => {
  const light = (factor: number): number => shade(factor).match(/\d+/g)!.reduce((sum, part) => sum + Number(part), 0);
  expect(shade(1)).toBe('rgb(255,255,255)');
  expect([light(1.2), light(1.8), light(3)]).toEqual([light(1.2), light(1.8), light(3)].sort((a, b) => b - a));
  expect(shade(3)).toBe(shade(40));
  const [r, g] = shade(0.6).match(/\d+/g)!.map(Number);
  expect(g!).toBeGreaterThan(r!);
});
it('nobody_walks_on_the_motorway_or_drives_on_a_path', () => {
  expect(classesOf({ profile: 'walk' })).not.toContain('motorway');
  expect(classesOf({ profile: 'transit' })).toContain('path');
  expect(classesOf({ profile: 'cycle' })).toEqual(ROAD_CLASSES.filter((road) => road !== 'motorway'));
  expect(classesOf({ profile: 'drive' })).toEqual(ROAD_CLASSES.filter((road) => road !== 'path'));
});
it('what_counts_now_comes_first_and_what_ends_soonest_of_that', () => {
  const one = (id: string, in_force: boolean, until: string | null): Condition => ({ id, closed: true, modes: ['walk'], until, in_force, created_at: '2026-11-24T08:00:00Z' });
  const list = byUrgency([one('open', true, null), one('later', false, '2026-11-24T09:00:00Z'), one('late', true, '2026-11-24T12:00:00Z'), one('soon', true, '2026-11-24T10:00:00Z')]);
  expect(list.map(({ id }) => id)).toEqual(['soon', 'late', 'open', 'later']);
});
