// A call for help is sent until it is answered, and is taken only when somebody took it.
import { afterEach, expect, it, vi } from 'vitest';
import { Problem, Unreachable, type Api } from './api';
import { memory } from './memory';
import type { VNode } from 'preact';
import { SosSaid } from './frame';
import { forgetCallOfOthers, isCallUnsure, Sos, SOS_LATE_MS, SOS_SAID_MS, SOS_SENT_MS_MAX } from './sos';

afterEach(() => { vi.useRealTimers(); });
const SIGNED_OUT = new Problem('bad_token', 401, null, null, []);
/** Lets everything that waits for a promise go on. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
/** The server has no answer to the ones after the last: the call waits. */
function with_(answers: (string | Error)[], storage = memory()): { sos: Sos; calls: () => number; trips: (string | null)[]; states: string[] } {
  let calls = 0;
  const states: string[] = [];
  const trips: (string | null)[] = [];
  const api = { me: async () => ({ call: null }), sos: async (trip: string | null) => {
    calls++;
    trips.push(trip);
    if (answers.length === 0) return new Promise<never>(() => {});
    const answer = answers.shift()!;
    if (typeof answer !== 'string') throw answer;
    return { incident: answer };
  } } as unknown as Api;
  const sos = new Sos(api, async () => {}, storage);
  sos.subscribe(() => states.push(sos.state));
  return { sos, calls: () => calls, trips, states };
}

it('is_sent_again_until_the_server_answers', async () => {
  const { sos, calls, states } = with_([new Unreachable(), new Problem('record_unavailable', 503, null, 1, []), 'i']);
  await sos.raise('t');
  expect([calls(), states]).toEqual([3, ['sending', 'sending', 'sent']]);
});
it('is_taken_only_by_its_own_incident', async () => {
  const { sos } = with_(['i']);
  await sos.raise(null);
  sos.taken('other');
  expect(sos.state).toBe('sent');
  sos.taken('i');
  expect(sos.state).toBe('taken');
});
it('a_take_over_that_overtakes_the_answer_counts', async () => {
  const { sos } = with_(['i']);
  sos.taken('i');
  await sos.raise(null);
  expect(sos.state).toBe('taken');
});
it('a_refusal_is_said_and_leaves_the_button_free', async () => {
  const { sos } = with_([new Problem('forbidden_role', 403, null, null, []), 'i']);
  await sos.raise(null);
  expect([sos.state, sos.code]).toEqual(['refused', 'forbidden_role']);
  await sos.raise(null);
  expect(sos.state).toBe('sent');
});

it('a_reload_goes_on_sending_and_what_was_kept_holds_no_place', async () => {
  const storage = memory();
  const before = with_([], storage);
  before.sos.belongsTo('a');
  void before.sos.raise('t');
  expect(Object.keys(JSON.parse(storage.getItem('sos')!)).sort()).toEqual(['account', 'at', 'trip']);
  const after = with_(['i'], storage);
  after.sos.belongsTo('a');
  expect(after.sos.state).toBe('sending');
  await settle();
  expect([after.trips, after.sos.state]).toEqual([['t'], 'sent']);
  expect(Object.keys(JSON.parse(storage.getItem('sos')!)).sort()).toEqual(['account', 'at', 'incident', 'trip']);
});
it('a_call_made_before_the_page_knew_whose_it_is_goes_on_after_a_reload_too', async () => {
  const storage = memory();
  void with_([], storage).sos.raise('t');
  const after = with_(['i'], storage);
  after.sos.belongsTo('a');
  await settle();
  expect(after.trips).toEqual(['t']);
  const named = memory();
  const late = with_([], named);
  void late.sos.raise(null);
  late.sos.belongsTo('a');
  const other = with_(['i'], named);
  other.sos.belongsTo('b');
  await settle();
  expect(other.calls()).toBe(0);
});
it('another_account_never_sends_it_and_signing_in_as_another_forgets_it', async () => {
  const storage = memory();
  const { sos } = with_([SIGNED_OUT], storage);
  sos.belongsTo('a');
  await sos.raise('t');
  expect([sos.state, isCallUnsure(storage)]).toEqual(['refused', true]);
  const other = with_(['i'], storage);
  other.sos.belongsTo('b');
  await settle();
  expect([other.calls(), isCallUnsure(storage)]).toEqual([0, true]);
  forgetCallOfOthers('a', storage);
  expect(isCallUnsure(storage)).toBe(true);
  forgetCallOfOthers('b', storage);
  expect(isCallUnsure(storage)).toBe(false);
});
it('who_was_signed_out_goes_on_sending_once_back', async () => {
  const storage = memory();
  const { sos } = with_([SIGNED_OUT], storage);
  sos.belongsTo('a');
  await sos.raise('t');
  forgetCallOfOthers('a', storage);
  const back = with_(['i'], storage);
  back.sos.belongsTo('a');
  await settle();
  expect([back.trips, isCallUnsure(storage)]).toEqual([['t'], false]);
});
it('an_old_call_is_not_sent_by_itself_but_said_and_after_an_hour_the_sign_in_is_silent', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const storage = memory();
  const before = with_([], storage);
  before.sos.belongsTo('a');
  void before.sos.raise('t');
  vi.advanceTimersByTime(SOS_SENT_MS_MAX);
  expect(isCallUnsure(storage)).toBe(true);
  vi.advanceTimersByTime(SOS_SAID_MS - SOS_SENT_MS_MAX);
  expect(isCallUnsure(storage)).toBe(false);
  const after = with_(['i'], storage);
  after.sos.belongsTo('a');
  await Promise.resolve();
  expect([after.calls(), after.sos.state, after.sos.code, storage.getItem('sos')]).toEqual([0, 'refused', 'unreachable', null]);
});
it('a_page_that_is_given_up_sends_nothing_more_under_the_next_account', async () => {
  const storage = memory();
  const { sos, calls } = with_([new Unreachable(), new Unreachable(), 'i'], storage);
  sos.subscribe(() => { if (sos.state === 'sending') sos.stop(); });
  await sos.raise('t');
  await settle();
  expect([calls(), isCallUnsure(storage)]).toEqual([0, true]);
});
it('a_tab_that_can_keep_nothing_sends_all_the_same', async () => {
  const full = { ...memory(), setItem: () => { throw new Error('full'); } } as unknown as Storage;
  const { sos } = with_(['i'], full);
  await sos.raise('t');
  expect(sos.state).toBe('sent');
});

/** What the page says, and the number it gives to call. */
function said(sos: Sos): { words: string; call: string | undefined } {
  const flat = (of: unknown): unknown[] => (Array.isArray(of) ? of.flatMap(flat) : of !== null && typeof of === 'object' ? [of, ...flat((of as VNode<{ children: unknown }>).props.children)] : [of]);
  const all = flat(SosSaid({ sos }));
  const link = all.find((one) => (one as VNode)?.type === 'a') as VNode<{ href: string }> | undefined;
  return { words: all.filter((one) => typeof one === 'string').join(''), call: link?.props.href };
}
it('ten_seconds_without_an_answer_are_said_with_the_number_to_call', () => {
  vi.useFakeTimers();
  const { sos } = with_([]);
  void sos.raise('t');
  expect(said(sos)).toEqual({ words: '보내는 중입니다.', call: undefined });
  vi.advanceTimersByTime(SOS_LATE_MS);
  expect([sos.state, said(sos)]).toEqual(['sending', { words: '아직 전해지지 않았습니다. 계속 보내고 있습니다. 급하면 전화하세요: 112', call: 'tel:112' }]);
});
it('a_try_that_fails_is_said_at_once_and_a_later_answer_takes_it_back', async () => {
  const { sos, states } = with_([new Unreachable(), 'i']);
  const calls: (string | undefined)[] = [];
  sos.subscribe(() => calls.push(said(sos).call));
  await sos.raise('t');
  expect([states, calls]).toEqual([['sending', 'sending', 'sent'], [undefined, 'tel:112', undefined]]);
});
it('a_call_nobody_hears_ends_by_the_clock_and_gives_the_number_and_the_button_back', async () => {
  vi.useFakeTimers();
  const api = { sos: async () => { vi.setSystemTime(Date.now() + 10_000); throw new Unreachable(); } } as unknown as Api;
  const sos = new Sos(api, async (ms) => { vi.setSystemTime(Date.now() + ms); }, memory());
  const began = Date.now();
  await sos.raise(null);
  expect(Date.now() - began).toBeLessThan(SOS_SENT_MS_MAX + 20_000);
  expect([sos.state, sos.code, said(sos).call]).toEqual(['refused', 'unreachable', 'tel:112']);
});
it('a_call_on_record_is_waited_for_after_a_reload_until_it_is_taken_or_an_hour_is_over', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const storage = memory();
  const before = with_(['i'], storage);
  before.sos.belongsTo('a');
  await before.sos.raise('t');
  expect(isCallUnsure(storage)).toBe(false);
  const other = with_([], storage);
  other.sos.belongsTo('b');
  expect(other.sos.state).toBe('idle');
  const after = with_([], storage);
  after.sos.belongsTo('a');
  expect([after.sos.state, after.calls()]).toEqual(['sent', 0]);
  after.sos.taken('i');
  expect([after.sos.state, storage.getItem('sos')]).toEqual(['taken', null]);
  await with_(['j'], storage).sos.raise('t');
  vi.advanceTimersByTime(SOS_SAID_MS);
  const late = with_([], storage);
  late.sos.belongsTo('a');
  expect([late.sos.state, storage.getItem('sos')]).toEqual(['idle', null]);
});
it('a_second_emergency_after_the_first_was_taken_is_one_press', async () => {
  const { sos, calls } = with_(['i', 'j']);
  await sos.raise('t');
  expect(sos.isFree).toBe(false);
  sos.taken('i');
  expect([sos.state, sos.isFree]).toEqual(['taken', true]);
  await sos.raise('t');
  expect([calls(), sos.state]).toEqual([2, 'sent']);
  sos.taken('i');
  expect(sos.state).toBe('sent');
  sos.taken('j');
  expect(sos.state).toBe('taken');
});

it('a_call_that_was_taken_while_the_page_was_away_is_said_to_be', async () => {
  const storage = memory();
  const before = with_(['i'], storage);
  before.sos.belongsTo('a');
  await before.sos.raise('t');
  for (const [call, state] of [[null, 'sent'], [{ incident: 'other', taken: true }, 'sent'], [{ incident: 'i', taken: false }, 'sent'], [{ incident: 'i', taken: true }, 'taken']] as const) {
    const api = { me: async () => ({ call }) } as unknown as Api;
    const after = new Sos(api, async () => {}, storage);
    after.belongsTo('a');
    await settle();
    expect(after.state).toBe(state);
  }
});
