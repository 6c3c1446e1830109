// Taps and fixes that wait: in order, once each, and forgotten with their trip.
import { describe, expect, it } from 'vitest';
import { FixQueue, FIXES_MAX, PROVEN_AFTER_MS, TapQueue, TAPS_MAX } from './queue';
import type { Outcome } from './socket';
import type { Fix } from './types';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function queueWith(outcomes: (Outcome | null)[]) {
  const asked: string[] = [];
  const answered: [string, boolean][] = [];
  const queue = new TapQueue(
    async (id, message) => { asked.push(`${id}:${String(message['to'])}`); return outcomes.length > 0 ? outcomes.shift()! : { ok: true }; },
    (tap, outcome) => { answered.push([String(tap.message['to']), outcome.ok]); },
    'p',
  );
  return { queue, asked, answered };
}

describe('taps', () => {
  it('wait_while_offline_and_go_out_in_order_with_their_first_ids', async () => {
    const { queue, asked, answered } = queueWith([null, null]);
    queue.add({ to: 'arrived' }, 't');
    await settle();
    queue.add({ to: 'met' }, 't');
    await settle();
    expect(answered).toEqual([]);
    await queue.flush();
    expect(asked).toEqual(['p-1:arrived', 'p-1:arrived', 'p-1:arrived', 'p-2:met']);
    expect(answered).toEqual([['arrived', true], ['met', true]]);
    expect(queue.waiting).toHaveLength(0);
  });
  it('a_refused_one_is_reported_and_does_not_block_the_next', async () => {
    const { queue, answered } = queueWith([{ ok: false, code: 'wrong_phase' }]);
    queue.add({ to: 'a' }, 't');
    queue.add({ to: 'b' }, 't');
    await settle();
    expect(answered).toEqual([['a', false], ['b', true]]);
  });
  it('those_of_a_gone_trip_are_forgotten', async () => {
    const { queue, asked } = queueWith([null]);
    queue.add({ to: 'a' }, 'gone');
    queue.add({ to: 'b' }, 'kept');
    await settle();
    queue.forget('gone');
    await queue.flush();
    expect(asked).toEqual(['p-1:a', 'p-2:b']);
  });
  it('are_limited', async () => {
    const { queue } = queueWith(Array.from({ length: 50 }, () => null));
    for (let i = 0; i < TAPS_MAX; i++) expect(queue.add({ to: i }, 't')).toBe(true);
    expect(queue.add({ to: 'x' }, 't')).toBe(false);
  });
});

describe('fixes', () => {
  it('go_out_oldest_first_with_their_age_now_and_only_once', () => {
    const queue = new FixQueue();
    queue.add({ lat: 37.5, lon: 127 }, 8.4, 'gps', 1_000);
    queue.add({ lat: 37.6, lon: 127 }, 8.6, 'gps', 5_000);
    queue.flush(6_000, () => false);
    const sent: Fix[][] = [];
    queue.flush(9_000, (fixes) => { sent.push(fixes); return true; });
    queue.flush(9_500, (fixes) => { sent.push(fixes); return true; });
    expect(sent).toEqual([[
      { lat: 37.5, lon: 127, acc_m: 8, kind: 'gps', age_ms: 8_000, seq: 1 },
      { lat: 37.6, lon: 127, acc_m: 9, kind: 'gps', age_ms: 4_000, seq: 2 },
    ]]);
  });
  it('say_when_the_newest_that_went_out_was_taken_and_nothing_of_those_that_wait', () => {
    const queue = new FixQueue();
    queue.add({ lat: 37.5, lon: 127 }, 8, 'gps', 1_000);
    queue.flush(2_000, () => false);
    expect(queue.handedAt).toBe(-Infinity);
    queue.flush(3_000, () => true);
    expect(queue.handedAt).toBe(1_000);
    queue.forget();
    expect(queue.handedAt).toBe(-Infinity);
  });
  it('what_went_into_a_dead_line_goes_out_again_and_what_was_heard_of_does_not', () => {
    const queue = new FixQueue();
    const sent: number[][] = [];
    const flush = (now: number): void => queue.flush(now, (fixes) => { sent.push(fixes.map(({ seq }) => seq)); return true; });
    queue.add({ lat: 37.5, lon: 127 }, 8, 'gps', 0);
    flush(0);
    queue.heard(PROVEN_AFTER_MS);
    queue.add({ lat: 37.6, lon: 127 }, 8, 'gps', 4_000);
    flush(4_000);
    // On its way since before the fix went out: it speaks for nothing.
    queue.heard(4_000 + PROVEN_AFTER_MS - 1);
    queue.add({ lat: 37.7, lon: 127 }, 8, 'gps', 8_000);
    flush(8_000);
    expect([queue.length, queue.handedAt, queue.unprovenSince]).toEqual([0, 8_000, 4_000]);
    queue.lost();
    expect([queue.length, queue.handedAt, queue.unprovenSince]).toEqual([2, 0, null]);
    flush(30_000);
    queue.heard(30_000 + PROVEN_AFTER_MS);
    queue.lost();
    flush(60_000);
    expect(sent).toEqual([[1], [2], [3], [2, 3]]);
  });
  it('keep_only_the_newest_that_fit_one_message', () => {
    const queue = new FixQueue();
    for (let i = 0; i < FIXES_MAX + 10; i++) queue.add({ lat: 37.5, lon: 127 }, 8, 'gps', i);
    let seqs: number[] = [];
    queue.flush(100, (fixes) => { seqs = fixes.map(({ seq }) => seq); return true; });
    expect(seqs).toHaveLength(FIXES_MAX);
    expect([seqs[0], seqs[seqs.length - 1]]).toEqual([11, FIXES_MAX + 10]);
  });
});
