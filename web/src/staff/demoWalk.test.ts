// What a demo phone does when the way it should walk is not told: it says so, stays where it is, and asks again with its next report.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api } from '../shared/api';
import type { LatLon, MapInfo, Route } from '../shared/types';
import { FIX_EVERY_MS, Locator } from './locator';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

const START: LatLon = { lat: 37.5, lon: 127 };
const map = { center: [127, 37.5], stations: [] } as unknown as MapInfo;

/** A way of a quarter of an hour east or, with a goal, north. */
function way(from: LatLon, goal: LatLon | null): Route {
  const end: [number, number] = goal ? [from.lon, from.lat + 0.01] : [from.lon + 0.01, from.lat];
  return { points: [[from.lon, from.lat], end], length_m: 900, duration_s: 900 };
}

/** A demo phone whose first so many questions for a way fail. */
async function walking(failures: number): Promise<{ locator: Locator; asked: (LatLon | null)[]; reported: LatLon[] }> {
  const asked: (LatLon | null)[] = [], reported: LatLon[] = [];
  const demoRoute = async (from: LatLon, goal: LatLon | null): Promise<Route> => {
    asked.push(goal);
    if (asked.length <= failures) throw new Error('away');
    return way(from, goal);
  };
  const locator = new Locator({ demoRoute } as unknown as Api, (at) => { reported.push(at); });
  await locator.useDemo(true, map, 1, 'walk');
  locator.start();
  return { locator, asked, reported };
}
const beats = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * FIX_EVERY_MS);

it('a_way_that_was_not_told_is_asked_for_again_until_it_is_and_then_walked', async () => {
  const { locator, asked, reported } = await walking(3);
  expect([locator.failed, locator.last]).toEqual([true, START]);
  await beats(1);
  expect(reported.every((at) => at.lon === START.lon)).toBe(true);
  await beats(2);
  expect(locator.failed).toBe(false);
  const told = asked.length;
  await beats(5);
  expect(asked.length).toBe(told);
  expect(reported.at(-1)!.lon).toBeGreaterThan(START.lon);
  locator.stop();
});

it('where_another_way_was_walked_before_the_new_goal_is_asked_for_again_all_the_same', async () => {
  const { locator, asked, reported } = await walking(0);
  await beats(1);
  const goal = { lat: 37.6, lon: 127 };
  const api = (locator as unknown as { api: { demoRoute: Api['demoRoute'] } }).api;
  const told = api.demoRoute;
  api.demoRoute = () => Promise.reject(new Error('away'));
  await locator.head(goal);
  expect(locator.failed).toBe(true);
  api.demoRoute = told;
  await beats(3);
  expect(asked.at(-1)).toEqual(goal);
  expect(reported.at(-1)!.lat).toBeGreaterThan(START.lat);
  locator.stop();
});
