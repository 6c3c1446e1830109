// Exact places are hidden, shown for a short time after a press, and drawn nowhere else in the meantime.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Cell, DevicePosition, Incident, MapInfo, Trip } from '../shared/types';
import { areaName, cellOf, groupByCell, middle, nextOf } from './coarse';
import { alarmFeatures, alarmsDrawn, tripFeatures } from './layers';
import { Reveal, REVEAL_MS } from './reveal';

const PLACES = { pickup: { lat: 37.123456, lon: 127.111111 }, dropoff: { lat: 37.654321, lon: 127.111111 } };

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

it('a_place_is_shown_for_a_while_and_hides_by_itself', () => {
  const reveal = new Reveal(() => Date.now());
  const changes = vi.fn();
  reveal.subscribe(changes);
  expect(reveal.shown).toBeNull();
  reveal.show('a', PLACES);
  expect([reveal.shown, reveal.places, reveal.leftS]).toEqual(['a', PLACES, REVEAL_MS / 1000]);
  vi.advanceTimersByTime(REVEAL_MS - 1);
  expect(reveal.shown).toBe('a');
  vi.advanceTimersByTime(1);
  expect([reveal.places, reveal.leftS, changes.mock.calls.length]).toEqual([null, 0, 2]);
});
it('a_timer_that_slept_shows_nothing_past_the_deadline', () => {
  let now = 0;
  const reveal = new Reveal(() => now);
  reveal.show('a', PLACES);
  now = REVEAL_MS;
  expect([reveal.shown, reveal.places, reveal.leftS]).toEqual([null, null, 0]);
});
it('the_next_one_takes_its_place_and_has_the_whole_time', () => {
  const reveal = new Reveal(() => Date.now());
  reveal.show('a', PLACES);
  vi.advanceTimersByTime(REVEAL_MS / 2);
  reveal.show('b', PLACES);
  vi.advanceTimersByTime(REVEAL_MS - 1);
  expect(reveal.shown).toBe('b');
  reveal.hide();
  expect(reveal.shown).toBeNull();
});

const square = (cell: string, west: number, south: number): Cell =>
  ({ cell, available: 0, busy: 0, open_trips: 1, boundary: [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1]] });
const cells = [square('A', 126, 37), square('B', 127, 37)];
const trip = (id: string, lon: number, escalated = false, phase: Trip['phase'] = 'matching'): Trip =>
  ({ id, phase, escalated, area: { cell: '', lat: 37.123456, lon, radius_m: 600 } });
const points = (trips: Trip[], selected: string | null, shown: string | null) =>
  tripFeatures(trips, { selected, shown, places: shown ? PLACES : null, cells }).features.filter(({ geometry }) => geometry.type === 'Point');

it('a_point_is_in_its_cell_or_in_none', () => {
  expect(cellOf(cells, { lat: 37.5, lon: 127.2 })?.cell).toBe('B');
  expect(cellOf(cells, { lat: 38.5, lon: 127.2 })).toBeNull();
  expect(middle(cells[1]!)).toEqual({ lat: 37.5, lon: 127.5 });
});
it('what_is_hidden_is_drawn_in_the_middle_of_its_cell_and_its_numbers_are_nowhere', () => {
  const drawn = JSON.stringify(tripFeatures([trip('a', 127.111111), trip('b', 127.222222)], { selected: 'a', shown: null, places: null, cells }));
  for (const digits of ['37.123456', '37.654321', '127.111111', '127.222222']) expect(drawn).not.toContain(digits);
  expect(points([trip('a', 127.1), trip('b', 127.2)], null, null).map(({ properties }) => [properties!['trips'], properties!['count']])).toEqual([['a,b', 2]]);
});
it('only_the_one_shown_is_drawn_where_it_is', () => {
  const drawn = points([trip('a', 127.111111), trip('b', 127.222222)], 'a', 'a');
  expect(drawn.map(({ properties, geometry }) => [properties!['role'], geometry.type === 'Point' && geometry.coordinates])).toEqual([
    ['cell', [127.5, 37.5]], ['pickup', [127.111111, 37.123456]], ['dropoff', [127.111111, 37.654321]],
  ]);
});
it('a_trip_without_a_counted_cell_and_one_that_ended_are_not_drawn', () => {
  expect(points([trip('a', 129), trip('b', 127.2, false, 'completed')], null, null)).toEqual([]);
});
it('escalated_ones_keep_a_mark_of_their_own', () => {
  expect(groupByCell([trip('a', 127.1), trip('b', 127.2, true)], cells).map(({ trips, escalated }) => [trips, escalated])).toEqual([[['a'], false], [['b'], true]]);
});
it('each_click_opens_the_next_of_a_cell', () => {
  expect([null, 'a', 'b', 'x'].map((selected) => nextOf(['a', 'b'], selected))).toEqual(['a', 'b', 'a', 'a']);
});
it('a_place_is_named_by_the_nearest_district', () => {
  const map = { districts: [{ name: '갑구', name_en: 'Gap-gu', lat: 37, lon: 127 }, { name: '을구', name_en: 'Eul-gu', lat: 38, lon: 127 }] } as unknown as MapInfo;
  expect(areaName(map, { lat: 37.6, lon: 127 })).toBe('을구 부근');
  expect(areaName(null, { lat: 37.6, lon: 127 })).toBe('가려짐');
});
it('an_alarm_shows_the_device_and_the_registered_places_also_when_taken', () => {
  const raised = '2026-11-24T08:00:00Z';
  const incident = { id: 'i', kind: 'sos' as const, raised_by: 'rider' as const, no: null, trip: 't', raised_at: raised, position: { lat: 1, lon: 2, acc_m: 5, age_s: 0, taken_at: raised }, live: null as DevicePosition | null, doubted: null, concerned: true, registered: [{ lat: 3, lon: 4 }], acknowledged_by: null, acknowledged_at: null };
  const roles = (at: string | null) => alarmFeatures([{ ...incident, acknowledged_at: at }], Date.parse(raised)).features.map(({ properties }) => [properties!['role'], properties!['taken']]);
  const live = { lat: 8, lon: 9, acc_m: 5, age_s: 0, taken_at: '2026-11-24T08:00:30Z' };
  const moved = alarmFeatures([{ ...incident, live }], Date.parse(raised)).features.map(({ properties, geometry }) => [properties!['role'], geometry.type === 'Point' && geometry.coordinates]);
  expect(moved).toEqual([['registered', [4, 3]], ['first', [2, 1]], ['device', [9, 8]]]);
  expect(roles(null)).toEqual([['registered', false], ['device', false]]);
  expect(roles(raised)).toEqual([['registered', true], ['device', true]]);
});
it('an_alarm_whose_position_grows_old_is_drawn_hollow_without_a_message_and_a_coarse_one_with_its_circle', () => {
  const at = '2026-11-24T08:00:00Z';
  const alarm = (acc_m: number): Incident => ({
    id: 'i', kind: 'sos', raised_by: 'rider', no: null, trip: null, raised_at: at, position: { lat: 37.5, lon: 127, acc_m, age_s: 0, taken_at: at }, live: null,
    doubted: null, concerned: true, registered: [], acknowledged_by: null, acknowledged_at: null,
  });
  const after = (s: number): { drawn: string; hollow: unknown } => {
    const nowMs = Date.parse(at) + s * 1000;
    return { drawn: alarmsDrawn([alarm(8)], nowMs), hollow: alarmFeatures([alarm(8)], nowMs).features[0]!.properties!['hollow'] };
  };
  expect([after(0).hollow, after(15).hollow, after(16).hollow]).toEqual([false, false, true]);
  expect([after(15).drawn === after(0).drawn, after(16).drawn === after(0).drawn, after(90).drawn === after(16).drawn]).toEqual([true, false, true]);
  const types = (acc_m: number): string[] => alarmFeatures([alarm(acc_m)], Date.parse(at)).features.map(({ geometry }) => geometry.type);
  expect([types(200), types(1_500)]).toEqual([['Point'], ['Polygon', 'Point']]);
});
