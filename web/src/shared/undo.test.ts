// What waits is sent once or taken back.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Delayed, sendWhenLeft, UNDO_MS } from './undo';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });
function recording(): { sent: string[]; delayed: Delayed; say: (what: string) => void } {
  const sent: string[] = [];
  const delayed = new Delayed(() => Date.now());
  return { sent, delayed, say: (what) => delayed.begin('cancel', what, async () => { sent.push(what); }) };
}

it('it_is_sent_after_the_wait_and_not_before', () => {
  const { sent, delayed, say } = recording();
  say('a');
  expect([delayed.what, delayed.about, delayed.leftS]).toEqual(['cancel', 'a', 5]);
  vi.advanceTimersByTime(UNDO_MS - 1);
  expect([sent, delayed.leftS]).toEqual([[], 1]);
  vi.advanceTimersByTime(1);
  expect([sent, delayed.what]).toEqual([['a'], null]);
});
it('taken_back_it_is_never_sent', async () => {
  const { sent, delayed, say } = recording();
  say('a');
  delayed.undo();
  vi.advanceTimersByTime(UNDO_MS * 2);
  await delayed.send();
  expect(sent).toEqual([]);
});
it('sent_at_once_it_is_not_sent_again', async () => {
  const { sent, delayed, say } = recording();
  say('a');
  await delayed.send();
  vi.advanceTimersByTime(UNDO_MS * 2);
  await delayed.send();
  expect(sent).toEqual(['a']);
});
it('a_second_one_sends_the_first', () => {
  const { sent, say } = recording();
  say('a');
  vi.advanceTimersByTime(UNDO_MS / 2);
  say('b');
  expect(sent).toEqual(['a']);
  vi.advanceTimersByTime(UNDO_MS);
  expect(sent).toEqual(['a', 'b']);
});

/** A page whose clock goes on by hand: frozen, its timers stand still; asleep, its clock does. */
function byHand(): { sent: string[]; delayed: Delayed; clock: { now: number } } {
  const clock = { now: 0 };
  const sent: string[] = [];
  return { sent, delayed: new Delayed(() => clock.now), clock };
}
it('what_came_due_while_the_page_was_frozen_is_sent_once_when_it_wakes', () => {
  const { sent, delayed, clock } = byHand();
  delayed.begin('cancel', 'a', async () => { sent.push('a'); });
  clock.now += 3_600_000;
  delayed.wake();
  expect([sent, delayed.what]).toEqual([['a'], null]);
  delayed.wake();
  vi.advanceTimersByTime(UNDO_MS * 2);
  expect(sent).toEqual(['a']);
});
it('a_timer_that_is_ahead_of_the_clock_sends_nothing_early_and_asks_again', () => {
  const { sent, delayed, clock } = byHand();
  delayed.begin('cancel', 'a', async () => { sent.push('a'); });
  clock.now += UNDO_MS - 1_000;
  vi.advanceTimersByTime(UNDO_MS);
  expect([sent, delayed.leftS]).toEqual([[], 1]);
  clock.now += 1_000;
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual(['a']);
});
it('what_nobody_sent_yet_can_still_be_taken_back_on_waking', () => {
  const { sent, delayed, clock } = byHand();
  delayed.begin('cancel', 'a', async () => { sent.push('a'); });
  clock.now += 3_600_000;
  delayed.undo();
  delayed.wake();
  vi.advanceTimersByTime(UNDO_MS * 2);
  expect(sent).toEqual([]);
});
it('a_hidden_page_sends_what_waits_and_one_that_is_seen_again_what_is_due', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const frame = new EventTarget();
  Object.assign(globalThis, { document: page, addEventListener: frame.addEventListener.bind(frame), removeEventListener: frame.removeEventListener.bind(frame) });
  const { sent, delayed, clock } = byHand();
  const say = (what: string): void => delayed.begin('cancel', what, async () => { sent.push(what); });
  const stop = sendWhenLeft(delayed);
  const turn = (to: string): void => { page.visibilityState = to; page.dispatchEvent(new Event('visibilitychange')); };
  say('a');
  turn('visible');
  expect(sent).toEqual([]);
  turn('hidden');
  expect(sent).toEqual(['a']);
  say('b');
  clock.now += UNDO_MS;
  turn('visible');
  expect(sent).toEqual(['a', 'b']);
  say('c');
  frame.dispatchEvent(new Event('pagehide'));
  say('d');
  stop();
  expect(sent).toEqual(['a', 'b', 'c', 'd']);
  say('e');
  turn('hidden');
  expect(sent).toHaveLength(4);
});
