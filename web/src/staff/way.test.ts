// The way ahead: asked for again only when it has been left, never shown for a goal that is no more.
import { expect, it } from 'vitest';
import { Problem, Unreachable, type Api } from '../shared/api';
import type { Phase, Trip, Way } from '../shared/types';
import { ASK_ANEW_MS, ASK_EVERY_MS, LEFT_M, WayAhead, hasChoice, metresFrom } from './way';

const trip = (phase: Phase, id = 't'): Trip => ({ id, phase });
const way = (to: 'pickup' | 'dropoff'): Way => ({
  to, mode: 'walk', prefer: 'fastest', duration_s: 60, p90_s: 90, source: 'road', length_m: 100, detour_s: 0, zones: 'none', fix_age_s: 1,
  line: [[127, 37.5], [127.01, 37.5]], legs: [],
});
const HERE = { lat: 37.5, lon: 127 };
const FAR = { lat: 37.51, lon: 127 };
type Answer = { prefer: string | null; give: (value: Way) => void; fail: (why: unknown) => void };
function asked(): { ahead: WayAhead; calls: Answer[] } {
  const calls: Answer[] = [];
  const api = { way: (_: string, prefer: string | null) => new Promise<Way>((give, fail) => { calls.push({ prefer, give, fail }); }) };
  return { ahead: new WayAhead(api as unknown as Api), calls };
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

it('is_asked_for_once_until_the_phone_has_left_it', async () => {
  const { ahead, calls } = asked();
  ahead.follow(trip('assigned'), null, 0);
  expect(calls.length).toBe(0);
  ahead.follow(trip('assigned'), HERE, 0);
  calls[0]!.give(way('pickup'));
  await settle();
  ahead.follow(trip('en_route'), HERE, 10 * ASK_EVERY_MS);
  expect(calls.length).toBe(1);
  ahead.follow(trip('en_route'), FAR, 10 * ASK_EVERY_MS);
  ahead.follow(trip('en_route'), FAR, 10 * ASK_EVERY_MS + 1);
  expect(calls.length).toBe(2);
});
it('is_forgotten_with_its_goal_and_a_late_answer_brings_it_not_back', async () => {
  const { ahead, calls } = asked();
  ahead.follow(trip('arrived'), HERE, 0);
  ahead.follow(trip('met'), HERE, 1);
  calls[0]!.give(way('pickup'));
  await settle();
  expect(ahead.way).toBe(null);
  // The new goal was waiting for the old answer.
  calls[1]!.give(way('dropoff'));
  await settle();
  expect(ahead.way?.to).toBe('dropoff');
  ahead.follow(null, HERE, 2);
  expect(ahead.way).toBe(null);
});
it('a_lost_answer_keeps_the_way_and_a_refusal_takes_it', async () => {
  const { ahead, calls } = asked();
  ahead.follow(trip('met'), HERE, 0);
  calls[0]!.give(way('dropoff'));
  await settle();
  ahead.choose('safer', 1);
  expect(calls[1]!.prefer).toBe('safer');
  calls[1]!.fail(new Unreachable());
  await settle();
  expect([ahead.way?.to, ahead.error instanceof Unreachable]).toEqual(['dropoff', true]);
  ahead.choose('fastest', 2);
  calls[2]!.fail(new Problem('no_fix', 409, null, null, []));
  await settle();
  expect(ahead.way).toBe(null);
});
it('who_comes_into_a_zone_or_out_of_one_is_led_by_a_way_that_knows_of_it', async () => {
  const { ahead, calls } = asked();
  const [out, inside] = [trip('met'), { ...trip('met'), in_zone: true }];
  ahead.follow(out, HERE, 0);
  calls[0]!.give(way('dropoff'));
  await settle();
  ahead.follow(inside, HERE, ASK_ANEW_MS - 1);
  expect(calls.length).toBe(1);
  ahead.follow(inside, HERE, ASK_ANEW_MS);
  calls[1]!.fail(new Unreachable());
  await settle();
  ahead.follow(inside, HERE, 2 * ASK_ANEW_MS);
  calls[2]!.give(way('dropoff'));
  await settle();
  ahead.follow(inside, HERE, 3 * ASK_ANEW_MS);
  expect(calls.length).toBe(3);
  ahead.follow(out, HERE, 3 * ASK_ANEW_MS);
  expect(calls.length).toBe(4);
});
it('measures_from_the_middle_of_a_stretch', () => {
  const { line } = way('pickup');
  expect(metresFrom(line, { lat: 37.5, lon: 127.005 })).toBeLessThan(1);
  expect(metresFrom(line, { lat: 37.501, lon: 127.005 })).toBeGreaterThan(LEFT_M);
  expect(metresFrom(line, { lat: 37.5, lon: 126.999 })).toBeGreaterThan(LEFT_M);
});
it('a_safer_way_is_to_be_chosen_where_the_rider_walks_some_of_it', () => {
  expect((['walk', 'transit', 'drive', 'cycle'] as const).map((mode) => hasChoice({ to: 'dropoff', mode }))).toEqual([true, true, false, false]);
  expect(hasChoice({ to: 'pickup', mode: 'walk' })).toBe(false);
});
