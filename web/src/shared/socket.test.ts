// The socket client against a fake WebSocket: what it says, what it drops, when it comes back and when it must not.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ACK_DELAY_MS, backoffMs, BACKOFF_MAX_MS, mayReconnect, SILENCE_GRACE_MS, Socket, type LinkState } from './socket';
import type { ServerMessage } from './types';

class FakeWebSocket {
  static made: FakeWebSocket[] = [];
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  closed = false;
  bufferedAmount = 0;
  constructor(readonly url: string, readonly protocol: string) { FakeWebSocket.made.push(this); }
  send(text: string): void { this.sent.push(JSON.parse(text) as Record<string, unknown>); }
  close(): void { this.closed = true; }
  hear(message: unknown): void { this.onmessage?.({ data: JSON.stringify(message) }); }
  said(t: string): Record<string, unknown>[] { return this.sent.filter((message) => message['t'] === t); }
}
const latest = (): FakeWebSocket => FakeWebSocket.made[FakeWebSocket.made.length - 1]!;

let messages: ServerMessage[];
let links: LinkState[];
let reloads: number;
let ticket: () => Promise<string>;
let socket: Socket;

beforeEach(() => {
  vi.useFakeTimers();
  FakeWebSocket.made = [];
  messages = [];
  links = [];
  reloads = 0;
  ticket = async () => 'T';
  socket = new Socket(
    { ticket: () => ticket(), onMessage: (m) => messages.push(m), onReload: () => { reloads++; }, onLink: (s) => links.push(s) },
    { url: 'ws://host/v1/ws', WebSocket: FakeWebSocket as never, random: () => 1 },
  );
});
afterEach(() => { vi.useRealTimers(); });

async function open(seq = 0, resumed = false): Promise<FakeWebSocket> {
  await socket.connect();
  latest().onopen?.();
  latest().hear({ t: 'welcome', v: 1, epoch: 8, resumed, seq, heartbeat_s: 25 });
  return latest();
}
const trip = (seq: number) => ({ t: 'trip', seq, trip: { id: `trip-${seq}`, phase: 'matching' } });
const link = (): LinkState => links[links.length - 1]!;

describe('hello', () => {
  it('carries_the_ticket_and_never_puts_it_in_the_address', async () => {
    const ws = await open();
    expect(ws.sent[0]).toEqual({ t: 'hello', v: 1, ticket: 'T' });
    expect([ws.url, ws.protocol]).toEqual(['ws://host/v1/ws', 'donghaeng.v1']);
  });
  it('first_welcome_asks_the_page_to_fetch_its_state', async () => {
    await open();
    expect(reloads).toBe(1);
    expect(link()).toEqual({ kind: 'open' });
  });
  it('resume_carries_epoch_and_last_seen_number', async () => {
    const first = await open(40);
    first.hear(trip(41));
    first.onclose?.({ code: 1012 });
    await vi.advanceTimersByTimeAsync(BACKOFF_MAX_MS);
    latest().onopen?.();
    expect(latest().sent[0]).toEqual({ t: 'hello', v: 1, ticket: 'T', resume: { epoch: 8, seq: 41 } });
    latest().hear({ t: 'welcome', v: 1, epoch: 8, resumed: true, seq: 41, heartbeat_s: 25 });
    expect(reloads).toBe(1);
    latest().hear({ t: 'welcome', v: 1, epoch: 9, resumed: false, seq: 50, heartbeat_s: 25 });
    expect(reloads).toBe(2);
    latest().hear(trip(51));
    expect(messages.map((m) => (m as { seq?: number }).seq)).toEqual([41, 51]);
  });
});

describe('numbered messages', () => {
  it('one_seen_before_is_dropped_but_acknowledged_again', async () => {
    const ws = await open(5);
    ws.hear(trip(6));
    await vi.advanceTimersByTimeAsync(ACK_DELAY_MS);
    ws.hear(trip(6));
    await vi.advanceTimersByTimeAsync(ACK_DELAY_MS);
    expect(messages).toHaveLength(1);
    expect(ws.said('ack')).toEqual([{ t: 'ack', seq: 6 }, { t: 'ack', seq: 6 }]);
  });
  it('a_burst_is_acknowledged_once_by_its_last_number', async () => {
    const ws = await open();
    for (const seq of [1, 2, 3, 4]) ws.hear(trip(seq));
    expect(ws.said('ack')).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(ACK_DELAY_MS);
    expect(ws.said('ack')).toEqual([{ t: 'ack', seq: 4 }]);
  });
  it('a_gap_delivers_what_came_and_fetches_the_state', async () => {
    const ws = await open();
    ws.hear(trip(1));
    ws.hear(trip(3));
    expect(messages).toHaveLength(2);
    expect(reloads).toBe(2);
  });
  it('an_unnumbered_message_is_delivered_and_not_acknowledged', async () => {
    const ws = await open();
    ws.hear({ t: 'crew_at', trip: 'x', crew: [] });
    await vi.advanceTimersByTimeAsync(ACK_DELAY_MS);
    expect(messages).toHaveLength(1);
    expect(ws.said('ack')).toHaveLength(0);
  });
});

describe('commands', () => {
  it('an_answer_settles_the_command_with_its_id', async () => {
    const ws = await open();
    const good = socket.ask('a', { t: 'status' });
    const bad = socket.ask('b', { t: 'answer' });
    ws.hear({ t: 'result', id: 'b', ok: false, code: 'offer_expired' });
    ws.hear({ t: 'result', id: 'a', ok: true });
    expect(await good).toEqual({ ok: true });
    expect(await bad).toEqual({ ok: false, code: 'offer_expired' });
  });
  it('a_lost_connection_leaves_the_outcome_unknown', async () => {
    const ws = await open();
    const asked = socket.ask('a', { t: 'status' });
    ws.onclose?.({ code: 1006 });
    expect(await asked).toBeNull();
    expect(await socket.ask('b', { t: 'status' })).toBeNull();
  });
  it('ping_is_answered', async () => {
    const ws = await open();
    ws.hear({ t: 'ping' });
    expect(ws.said('pong')).toHaveLength(1);
  });
});

describe('reconnecting', () => {
  it.each([[1000, true], [1006, true], [1012, true], [4400, false], [4401, true], [4403, false], [4408, true], [4409, false],
    [4413, false], [4449, false], [4450, true], [4451, true], [4452, true]])('code %i may reconnect: %s', (code, may) => {
    expect(mayReconnect(code)).toBe(may);
  });
  it.each([[4403, 'revoked'], [4409, 'replaced'], [4413, 'too_large']])('close_%i_stops_and_says_%s', async (code, reason) => {
    const ws = await open();
    ws.onclose?.({ code });
    await vi.advanceTimersByTimeAsync(10 * BACKOFF_MAX_MS);
    expect(FakeWebSocket.made).toHaveLength(1);
    expect(link()).toEqual({ kind: 'stopped', reason });
  });
  it.each([4401, 4408])('after_close_%i_it_comes_back_with_a_new_ticket', async (code) => {
    const ws = await open();
    ticket = async () => 'U';
    ws.onclose?.({ code });
    expect(link()).toEqual({ kind: 'waiting' });
    await vi.advanceTimersByTimeAsync(BACKOFF_MAX_MS);
    latest().onopen?.();
    expect([FakeWebSocket.made.length, latest().sent[0]?.['ticket']]).toEqual([2, 'U']);
  });
  it('from_the_loss_until_the_next_welcome_the_page_is_told_that_it_may_be_out_of_date', async () => {
    const ws = await open();
    ws.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(BACKOFF_MAX_MS);
    latest().onopen?.();
    expect(links.map(({ kind }) => kind)).toEqual(['connecting', 'open', 'waiting', 'waiting']);
    latest().hear({ t: 'welcome', v: 1, epoch: 9, resumed: true, seq: 0, heartbeat_s: 25 });
    expect(link()).toEqual({ kind: 'open' });
  });
  it('renewing_gives_up_a_line_that_still_looks_open_and_resumes_on_another', async () => {
    const ws = await open(7);
    const asked = socket.ask('a', { t: 'status' });
    socket.renew();
    expect([await asked, ws.closed, link().kind]).toEqual([null, true, 'waiting']);
    await vi.advanceTimersByTimeAsync(0);
    ws.hear(trip(8));
    ws.onclose?.({ code: 4409 });
    latest().onopen?.();
    expect([messages.length, link().kind, latest().sent[0]?.['resume']]).toEqual([0, 'waiting', { epoch: 8, seq: 7 }]);
  });
  it('renewing_while_a_connection_is_made_leaves_one_that_speaks', async () => {
    await socket.connect();
    const first = latest();
    socket.renew();
    await vi.advanceTimersByTimeAsync(0);
    first.onopen?.();
    latest().onopen?.();
    expect([FakeWebSocket.made.length, first.said('hello').length, latest().said('hello').length]).toEqual([2, 0, 1]);
  });
  it('a_page_that_was_replaced_renews_nothing', async () => {
    const ws = await open();
    ws.onclose?.({ code: 4409 });
    socket.renew();
    socket.hurry();
    socket.lose();
    await vi.advanceTimersByTimeAsync(10 * BACKOFF_MAX_MS);
    expect([FakeWebSocket.made.length, link()]).toEqual([1, { kind: 'stopped', reason: 'replaced' }]);
  });
  it('what_comes_back_by_itself_says_where_it_left_off_and_a_tap_takes_over', async () => {
    const ws = await open(7);
    ws.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(BACKOFF_MAX_MS);
    latest().onopen?.();
    expect(latest().sent[0]?.['resume']).toEqual({ epoch: 8, seq: 7 });
    latest().onclose?.({ code: 4409 });
    expect(link()).toEqual({ kind: 'stopped', reason: 'replaced' });
    socket.takeOver();
    await vi.advanceTimersByTimeAsync(0);
    latest().onopen?.();
    expect(latest().sent).toEqual([{ t: 'hello', v: 1, ticket: 'T' }]);
  });
  it('without_a_network_it_waits_and_tries', async () => {
    await open();
    socket.lose();
    expect([link().kind, socket.isOpen]).toEqual(['waiting', false]);
    await vi.advanceTimersByTimeAsync(BACKOFF_MAX_MS);
    expect(FakeWebSocket.made).toHaveLength(2);
  });
  it('what_goes_in_turn_waits_for_what_has_not_left_the_browser', async () => {
    const ws = await open();
    ws.bufferedAmount = 300;
    expect([socket.tell({ t: 'fix' }, true), socket.tell({ t: 'pong' })]).toEqual([false, true]);
    ws.bufferedAmount = 0;
    expect(socket.tell({ t: 'fix' }, true)).toBe(true);
  });
  it('pause_is_full_jitter_under_a_doubling_ceiling', () => {
    expect([0, 1, 2, 3].map((n) => backoffMs(n, 1))).toEqual([500, 1000, 2000, 4000]);
    expect(backoffMs(20, 1)).toBe(BACKOFF_MAX_MS);
    expect(backoffMs(3, 0)).toBe(0);
  });
  it('a_failed_ticket_is_tried_again_but_a_dead_token_is_not', async () => {
    ticket = async () => { throw new Error('network'); };
    await socket.connect();
    expect(link()).toEqual({ kind: 'waiting' });
    ticket = async () => { throw Object.assign(new Error(), { status: 401 }); };
    await vi.advanceTimersByTimeAsync(BACKOFF_MAX_MS);
    expect(link()).toEqual({ kind: 'stopped', reason: 'not_signed_in' });
  });
  it('silence_beyond_the_heartbeat_counts_as_a_loss', async () => {
    await open();
    await vi.advanceTimersByTimeAsync(25_000 + SILENCE_GRACE_MS + 1_000);
    expect(FakeWebSocket.made.length).toBeGreaterThan(1);
  });
  it('leaving_is_for_good', async () => {
    const ws = await open();
    socket.leave();
    ws.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(10 * BACKOFF_MAX_MS);
    expect(FakeWebSocket.made).toHaveLength(1);
    expect(link()).toEqual({ kind: 'stopped', reason: 'left' });
  });
});
