// An age is never younger than it is: not after a sleep, not when a clock is set.
import { expect, it } from 'vitest';
import { Clock } from './clock';

function both(): { clock: Clock; passes: (steadyMs: number, wallMs: number) => number } {
  const at = { steady: 500, wall: 1_800_000_000_000 };
  const clock = new Clock(() => at.steady, () => at.wall);
  const first = clock.now();
  return { clock, passes: (steadyMs, wallMs) => { at.steady += steadyMs; at.wall += wallMs; return clock.now() - first; } };
}
it('while_both_go_on_it_is_the_steady_one', () => {
  const { passes } = both();
  expect([passes(1_000, 1_000), passes(1_000, 1_003)]).toEqual([1_000, 2_000]);
});
it('what_the_steady_one_slept_through_counts_once', () => {
  const { passes } = both();
  expect([passes(10, 90_010), passes(1_000, 1_000), passes(0, 30_000)]).toEqual([90_010, 91_010, 121_010]);
});
it('a_wall_clock_that_is_set_back_takes_nothing_away_and_later_sleep_still_counts', () => {
  const { passes } = both();
  expect([passes(1_000, -3_600_000), passes(1_000, 1_000), passes(0, 60_000)]).toEqual([1_000, 2_000, 62_000]);
});
