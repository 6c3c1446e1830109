// A page that was away, slept or changed its network asks anew; a revoked sign-in ends the page.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Api } from './api';
import { AWAY_MS, openSocket, WATCH_MS } from './connection';
import type { LinkState } from './socket';

class FakeWebSocket {
  static made: FakeWebSocket[] = [];
  bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor() { FakeWebSocket.made.push(this); }
  send(): void {}
  close(): void {}
}
let page: EventTarget & { visibilityState: string };
let frame: EventTarget;
let links: LinkState[];
let signedOut: number;
let stop: () => void;

beforeEach(async () => {
  vi.useFakeTimers();
  FakeWebSocket.made = [];
  [links, signedOut] = [[], 0];
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  frame = new EventTarget();
  vi.stubGlobal('document', page);
  vi.stubGlobal('location', { protocol: 'http:', host: 'h' });
  vi.stubGlobal('WebSocket', FakeWebSocket);
  vi.stubGlobal('addEventListener', frame.addEventListener.bind(frame));
  vi.stubGlobal('removeEventListener', frame.removeEventListener.bind(frame));
  const api = new Api('T', async () => Response.json({ ticket: 't' }));
  api.onSignedOut = () => { signedOut++; };
  ({ stop } = openSocket(api, { message: () => {}, reload: () => {}, link: (state) => links.push(state) }));
  await welcome();
});
afterEach(() => { stop(); vi.unstubAllGlobals(); vi.useRealTimers(); });

async function welcome(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  FakeWebSocket.made.at(-1)!.onmessage?.({ data: JSON.stringify({ t: 'welcome', epoch: 1, resumed: false, seq: 0, heartbeat_s: 25 }) });
}
async function turn(to: string): Promise<void> {
  page.visibilityState = to;
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(0);
}
/** How many connections there were, and what the page is told of the last. */
const seen = (): [number, string] => [FakeWebSocket.made.length, links.at(-1)!.kind];

it('who_comes_back_after_a_while_sees_that_it_may_be_old_until_a_new_line_has_said_welcome', async () => {
  await turn('hidden');
  await vi.advanceTimersByTimeAsync(AWAY_MS);
  expect(seen()).toEqual([1, 'open']);
  await turn('visible');
  expect(seen()).toEqual([2, 'waiting']);
  await welcome();
  expect(seen()).toEqual([2, 'open']);
});
it('a_glance_elsewhere_keeps_the_line', async () => {
  await turn('hidden');
  await vi.advanceTimersByTimeAsync(AWAY_MS - 1);
  await turn('visible');
  expect(seen()).toEqual([1, 'open']);
});
it('a_device_that_slept_under_a_visible_page_is_noticed_by_its_clock', async () => {
  await vi.advanceTimersByTimeAsync(WATCH_MS * 5);
  expect(seen()).toEqual([1, 'open']);
  vi.setSystemTime(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(WATCH_MS);
  expect(seen()).toEqual([2, 'waiting']);
});
it('the_network_going_and_coming_is_believed_at_once', async () => {
  frame.dispatchEvent(new Event('offline'));
  expect(seen()).toEqual([1, 'waiting']);
  frame.dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(0);
  expect(FakeWebSocket.made.length).toBe(2);
});
it.each<[number, number]>([[4403, 1], [4409, 0], [4400, 0]])('close_%i_signs_the_page_out_%i_times', async (code, times) => {
  FakeWebSocket.made.at(-1)!.onclose?.({ code });
  expect([links.at(-1)!.kind, signedOut]).toEqual(['stopped', times]);
});
it('a_page_that_is_left_renews_nothing', async () => {
  stop();
  frame.dispatchEvent(new Event('online'));
  await turn('hidden');
  await vi.advanceTimersByTimeAsync(10 * AWAY_MS);
  await turn('visible');
  expect(seen()).toEqual([1, 'stopped']);
});
