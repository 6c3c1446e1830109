// Taps and fixes that wait: in order, once each, and forgotten with their trip.
import { describe, expect, it } from 'vitest';
import { FixQueue, FIXES_MAX, KEPT_MAX, PROVEN_AFTER_MS, TapQueue, TAPS_MAX } from './queue';
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
  it('of_which_the_server_says_that_it_has_them_do_not_go_out_again', () => {
    const queue = new FixQueue();
    const sent: number[][] = [];
    const flush = (): void => queue.flush(20_000, (fixes) => { sent.push(fixes.map(({ seq }) => seq)); return true; });
    for (const at of [0, 4_000, 8_000]) queue.add({ lat: 37.5, lon: 127 }, 8, 'gps', at);
    flush();
    queue.lost();
    queue.heardUpTo(2);
    expect([queue.length, queue.handedAt]).toEqual([1, 4_000]);
    flush();
    expect(sent).toEqual([[1, 2, 3], [3]]);
  });
  it('go_out_in_as_many_messages_as_it_takes_and_the_rest_waits_for_the_line', () => {
    const queue = new FixQueue();
    for (let i = 0; i < 2 * FIXES_MAX + 10; i++) queue.add({ lat: 37.5, lon: 127 }, 8, 'gps', i);
    const sent: number[][] = [];
    const send = (fixes: Fix[]): boolean => { sent.push(fixes.map(({ seq }) => seq)); return sent.length < 2; };
    queue.flush(1_000, send);
    expect([sent.map((seqs) => seqs[0]), queue.length]).toEqual([[1, FIXES_MAX + 1], FIXES_MAX + 10]);
    queue.flush(2_000, (fixes) => { sent.push(fixes.map(({ seq }) => seq)); return true; });
    expect(sent.map((seqs) => [seqs[0], seqs.length])).toEqual(
      [[1, FIXES_MAX], [FIXES_MAX + 1, FIXES_MAX], [FIXES_MAX + 1, FIXES_MAX], [2 * FIXES_MAX + 1, 10]]);
  });
  it('of_hours_without_a_line_show_the_whole_way_coarser_but_for_its_end', () => {
    const queue = new FixQueue();
    const count = 12 * KEPT_MAX;
    for (let i = 1; i <= count; i++) queue.add({ lat: 37.5, lon: 127 }, 8, 'gps', i);
    const seqs: number[] = [];
    queue.flush(count, (fixes) => { seqs.push(...fixes.map(({ seq }) => seq)); return true; });
    expect(seqs).toHaveLength(KEPT_MAX);
    expect([seqs[0], seqs[seqs.length - 1]]).toEqual([1, count]);
    const steps = seqs.slice(1).map((seq, i) => seq - seqs[i]!);
    expect(steps.slice(1 - FIXES_MAX).every((step) => step === 1)).toBe(true);
    // Evenly it would be one in fifteen.
    expect(Math.max(...steps)).toBeLessThan(45);
  });
});
