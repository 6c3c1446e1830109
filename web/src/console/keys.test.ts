// A key takes the alarm whose card says so, and only one that could be read.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api } from '../shared/api';
import type { Incident } from '../shared/types';
import type { Alarm } from './alarm';
import { Desk, KEYED_AFTER_MS } from './desk';
import { keyOf, press } from './keys';

const incident = (id: string, raised_at: string, concerned = true): Incident => ({
  id, kind: 'sos', raised_by: 'rider', no: null, trip: null, raised_at, position: null, live: null, doubted: null, concerned, registered: [],
  acknowledged_by: null, acknowledged_at: null,
});
const TRAVEL = { shown: false, toggle: () => {} };
const A = { key: 'a', code: 'KeyA', repeat: false };
let taken: string[];
let brought: number;
/** Where each card stands in a pane from 60 to 800. */
let at: { top: number; bottom: number };
function desk(): Desk {
  const api = { acknowledge: async (id: string) => { taken.push(id); return { ...one.incidents.get(id)!, acknowledged_at: '2026-11-24T08:09:00Z' }; } };
  const one: Desk = new Desk(api as unknown as Api, { ring: () => {} } as unknown as Alarm);
  return one;
}
beforeEach(() => {
  vi.useFakeTimers();
  [taken, brought, at] = [[], 0, { top: 100, bottom: 300 }];
  vi.stubGlobal('CSS', { escape: (id: string) => id });
  vi.stubGlobal('innerHeight', 800);
  vi.stubGlobal('document', { visibilityState: 'visible', querySelector: () => ({
    getBoundingClientRect: () => at, scrollIntoView: () => { brought++; at = { top: 100, bottom: 300 }; },
    closest: () => ({ getBoundingClientRect: () => ({ top: 60, bottom: 800 }) }),
  }) });
});
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); });

it('it_is_the_one_that_has_waited_longest_and_no_newer_one_pushes_it_away', async () => {
  const one = desk();
  one.receive({ t: 'console', n: 1, incidents: [incident('old', '2026-11-24T08:00:00Z')] });
  vi.advanceTimersByTime(KEYED_AFTER_MS);
  one.receive({ t: 'console', n: 2, incidents: [incident('new', '2026-11-24T08:00:09Z'), incident('theirs', '2026-11-24T07:00:00Z', false)] });
  expect(one.keyed?.id).toBe('old');
  press(one, A, TRAVEL);
  await vi.advanceTimersByTimeAsync(0);
  expect([taken, one.keyed?.id]).toEqual([['old'], 'new']);
});
it('a_second_press_of_a_quick_hand_and_a_key_held_down_take_nothing_that_was_not_read', async () => {
  const one = desk();
  one.receive({ t: 'console', n: 1, incidents: [incident('a', '2026-11-24T08:00:00Z'), incident('b', '2026-11-24T08:00:01Z')] });
  press(one, A, TRAVEL);
  expect(taken).toEqual([]);
  vi.advanceTimersByTime(KEYED_AFTER_MS);
  press(one, { ...A, repeat: true }, TRAVEL);
  expect(taken).toEqual([]);
  press(one, A, TRAVEL);
  press(one, A, TRAVEL);
  await vi.advanceTimersByTimeAsync(0);
  press(one, A, TRAVEL);
  expect(taken).toEqual(['a']);
  vi.advanceTimersByTime(KEYED_AFTER_MS);
  press(one, A, TRAVEL);
  expect(taken).toEqual(['a', 'b']);
});
it.each([{ top: -20, bottom: 180 }, { top: 40, bottom: 240 }, { top: 700, bottom: 900 }])('a card at %o is brought into view and not taken', (where) => {
  const one = desk();
  one.receive({ t: 'console', n: 1, incidents: [incident('a', '2026-11-24T08:00:00Z')] });
  vi.advanceTimersByTime(KEYED_AFTER_MS);
  at = where;
  press(one, A, TRAVEL);
  expect([taken, brought]).toEqual([[], 1]);
  press(one, A, TRAVEL);
  expect(taken).toEqual(['a']);
});
it('a_letter_is_the_same_under_caps_lock_and_the_korean_layout', () => {
  expect([['a', 'KeyA'], ['A', 'KeyA'], ['ㅁ', 'KeyA'], ['Process', 'KeyA'], ['ㅓ', 'KeyJ'], ['a', 'KeyQ'], ['Escape', 'Escape'], ['5', 'Digit5']].map(([key, code]) => keyOf({ key: key!, code: code! })))
    .toEqual(['a', 'a', 'a', 'a', 'j', 'a', 'Escape', '5']);
});
