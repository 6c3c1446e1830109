// Leaving blanks the page at once; a call for help that is being sent holds what comes after for a moment, and no longer.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api } from '../shared/api';
import { leaveQuickly } from './QuickExit';
import { memory } from '../shared/memory';
import { Sos, SOS_HOLD_MS } from '../shared/sos';

let left: string[] = [];
let blank = false;
beforeEach(() => {
  vi.useFakeTimers();
  left = [];
  blank = false;
  Object.assign(globalThis, {
    document: { title: 'x', documentElement: { style: { set visibility(to: string) { blank = to === 'hidden'; } } }, body: { replaceChildren: () => {} } },
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
  expect([blank, left]).toEqual([true, ['go /weather']]);
});
it('a_call_that_is_being_sent_holds_it_blank_and_under_the_neutral_address_until_answered', async () => {
  const call = calling();
  leaveQuickly();
  expect([blank, document.title, left]).toEqual([true, ' ', ['named /weather']]);
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
