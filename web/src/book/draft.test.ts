// What is asked for, and that it is asked for once.
import { expect, it } from 'vitest';
import { Problem, Unreachable, type Api } from '../shared/api';
import { koreanDate, koreanTime } from '../shared/korea';
import { memory } from '../shared/memory';
import type { BookingBody } from '../shared/types';
import { bodyOf, Pending } from './draft';
import { comingDays } from './History';

const NOW = Date.parse('2026-11-24T16:30:00Z'); // Already the 25th in Korea.
const places = { pickup: { lat: 37.5, lon: 127, label: 'A' }, dropoff: { lat: 37.6, lon: 127.1 } };

it('civil_dates_are_korean', () => {
  expect([koreanDate(NOW), koreanDate(NOW, 1), koreanTime(NOW)]).toEqual(['2026-11-25', '2026-11-26', '01:30']);
});
it('a_time_is_sent_in_utc_and_a_commute_in_civil_time', () => {
  expect(bodyOf({ when: { kind: 'at', date: '2026-11-25', time: '08:10' }, ...places }, NOW)).toEqual({ kind: 'at', at: '2026-11-24T23:10:00Z', ...places });
  expect(bodyOf({ when: { kind: 'commute', days: ['mon'], outward: '08:10', back: '18:40', until: '2026-12-24' }, ...places }, NOW)).toEqual({
    kind: 'commute', ...places, commute: { days: ['mon'], outward_at: '08:10', return_at: '18:40', from: '2026-11-26', until: '2026-12-24' },
  });
});
it('a_draft_with_a_hole_is_no_booking', () => {
  expect(bodyOf({ when: null, ...places }, NOW)).toBeNull();
  expect(bodyOf({ when: { kind: 'now' }, pickup: null, dropoff: places.dropoff }, NOW)).toBeNull();
});

it('a_lost_answer_asks_again_with_the_same_key_and_body_even_after_a_reload', async () => {
  const storage = memory();
  const sent: [string, BookingBody][] = [];
  let lost = true;
  const api = { book: async (body: BookingBody, key: string) => {
    sent.push([key, body]);
    if (lost) throw new Unreachable();
    return { booking: { id: 'b', kind: 'now', series: null }, trips: [] };
  } } as unknown as Api;
  let keys = 0;
  const body: BookingBody = { kind: 'now', ...places };
  const pending = (account: string): Pending => {
    const one = new Pending(storage, () => `k${++keys}`);
    one.belongsTo(account);
    return one;
  };
  await expect(pending('a').send(api, body)).rejects.toBeInstanceOf(Unreachable);
  lost = false;
  const reloaded = pending('a');
  await reloaded.send(api, reloaded.body!);
  expect(sent).toEqual([['k1', body], ['k1', body]]);
  expect(reloaded.body).toBeNull();
});
it.each([[422, false], [409, false], [429, true], [503, true], [408, true]])('status_%i_leaves_it_pending_%s', async (status, pending) => {
  const api = { book: async () => { throw new Problem('x', status, null, null, []); } } as unknown as Api;
  const kept = new Pending(memory(), () => 'k');
  kept.belongsTo('a');
  await expect(kept.send(api, { kind: 'now', ...places })).rejects.toBeInstanceOf(Problem);
  expect(kept.body !== null).toBe(pending);
});

it('a_pending_booking_is_neither_seen_nor_sent_by_another_account_and_is_gone_once_another_came', () => {
  const storage = memory();
  storage.setItem('pending', JSON.stringify({ account: 'a', key: 'k', body: { kind: 'now', ...places } }));
  const nobody = new Pending(storage);
  expect(nobody.body).toBeNull();
  const other = new Pending(storage);
  other.belongsTo('b');
  expect(other.body).toBeNull();
  const back = new Pending(storage);
  back.belongsTo('a');
  expect(back.body).toBeNull();
});
it('an_answer_that_comes_late_leaves_the_booking_of_the_next_account_alone', async () => {
  const storage = memory();
  let give: () => void = () => {};
  const api = { book: () => new Promise((resolve) => { give = () => resolve({ booking: {}, trips: [] }); }) } as unknown as Api;
  const first = new Pending(storage, () => 'k1');
  first.belongsTo('a');
  const asked = first.send(api, { kind: 'now', ...places });
  const next = new Pending(storage, () => 'k2');
  next.belongsTo('b');
  void next.send({ book: () => new Promise(() => {}) } as unknown as Api, { kind: 'now', ...places });
  give();
  await asked;
  expect(next.body).not.toBeNull();
});

it('coming_days_are_those_of_the_series_inside_its_dates', () => {
  const series = { id: 's', days: ['mon' as const, 'wed' as const], outward_at: '08:10', return_at: '18:40', from: '2026-11-25', until: '2026-12-07', skips: [], ended: false };
  expect(comingDays(series, NOW)).toEqual(['2026-11-25', '2026-11-30', '2026-12-02', '2026-12-07']);
});
