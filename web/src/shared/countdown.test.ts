// The ring never shows more time than there is, and zero only when there is none.
import { expect, it } from 'vitest';
import { Countdown, wholeSeconds } from './countdown';

it('counts_from_arrival_not_from_the_phones_clock', () => {
  const countdown = new Countdown(18.4, 20, 1_000);
  expect(countdown.seconds(1_000)).toBe(19);
  expect(countdown.fraction(1_000)).toBeCloseTo(0.92);
  expect(countdown.seconds(11_000)).toBe(9);
});
it('shows_one_until_the_end_and_is_over_only_then', () => {
  const countdown = new Countdown(20, 20, 0);
  expect([countdown.seconds(19_999), countdown.over(19_999)]).toEqual([1, false]);
  expect([countdown.seconds(20_000), countdown.over(20_000), countdown.fraction(25_000)]).toEqual([0, true, 0]);
});
it('whole_time_is_the_servers', () => { expect(wholeSeconds('2026-11-24T08:10:00Z', '2026-11-24T08:10:20Z')).toBe(20); });
