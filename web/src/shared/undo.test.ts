// What waits is sent once or taken back.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Delayed, UNDO_MS } from './undo';

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
