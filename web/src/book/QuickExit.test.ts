// Leaving takes everything off the page at once, whatever the line does; a call for help that is being sent holds what comes after
// for a moment, and no longer.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api } from '../shared/api';
import { leaveQuickly } from './QuickExit';
import { memory } from '../shared/memory';
import { Sos, SOS_HOLD_MS } from '../shared/sos';

let left: string[] = [];
/** What stands on the page. */
let shown: string[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  left = [];
  shown = ['a trip'];
  Object.assign(globalThis, {
    document: {
      createElement: () => ({ textContent: '' }),
      body: { replaceChildren: (...all: { textContent: string }[]) => { shown = all.map(({ textContent }) => textContent); } },
    },
    location: { replace: (to: string) => { left.push(`go ${to}`); } },
    history: { replaceState: (_: unknown, __: string, to: string) => { left.push(`named ${to}`); } },
  });
});
afterEach(() => { vi.useRealTimers(); });
/** A call whose answer is given by hand. */
function calling(): { give: () => Promise<void> } {
  let resolve: (answer: { incident: string }) => void = () => {};
  const api = { sos: () => new Promise((answer) => { resolve = answer; }) } as unknown as Api;
  const raised = new Sos(api, undefined, memory()).raise(null);
  return { give: async () => { resolve({ incident: 'i' }); await raised; await vi.advanceTimersByTimeAsync(0); } };
}

it('without_a_call_it_leaves_in_the_same_moment', () => {
  leaveQuickly();
  expect(left).toEqual(['named /weather', 'go /weather']);
});
it('until_the_neutral_page_comes_only_the_date_of_today_stands_there', () => {
  vi.setSystemTime(Date.parse('2026-11-24T16:00:00Z'));
  leaveQuickly();
  expect(shown).toEqual(['오늘 · 11월 25일 (수)']);
});
it('a_call_that_is_being_sent_holds_it_harmless_and_under_the_neutral_address_until_answered', async () => {
  const call = calling();
  leaveQuickly();
  expect([shown.length, shown[0], left]).toEqual([1, expect.stringContaining('오늘'), ['named /weather']]);
  await vi.advanceTimersByTimeAsync(SOS_HOLD_MS - 1);
  expect(left).toHaveLength(1);
  await call.give();
  expect(left).toEqual(['named /weather', 'go /weather']);
});
it('it_is_held_no_longer_than_a_few_seconds', async () => {
  const call = calling();
  leaveQuickly();
  await vi.advanceTimersByTimeAsync(SOS_HOLD_MS);
  expect(left).toEqual(['named /weather', 'go /weather']);
  await call.give();
  expect(SOS_HOLD_MS).toBeLessThanOrEqual(5_000);
});
