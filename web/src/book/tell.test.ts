// The place that goes out with a call for help: of this call, and no phone that goes on sending is replaced by it.
import { beforeEach, expect, it, vi } from 'vitest';
import { Api, Problem, Unreachable } from '../shared/api';
import type { Fix } from '../shared/types';
import { TELL_TRIES, tellPosition } from './Follow';

let at = { latitude: 37.5, longitude: 127, accuracy: 8.4 };
let state = 'granted';
beforeEach(() => {
  state = 'granted';
  const getCurrentPosition = (found: (position: { coords: typeof at }) => void): void => found({ coords: at });
  vi.stubGlobal('navigator', { geolocation: { getCurrentPosition }, permissions: { query: async () => ({ state }) } });
});

type Sent = { once: boolean; fixes: Fix[]; session?: number };
/** A page just loaded, and what it sends; the first tries fail as told. */
function page(...failures: Error[]): { tell: () => Promise<void>; sent: Sent[] } {
  const sent: Sent[] = [];
  const api = new Api('token', async (path, init) => {
    expect(path).toBe('/v1/fixes');
    sent.push(JSON.parse(String(init?.body)) as Sent);
    return new Response('{"accepted":1,"verdicts":["ok"]}', { status: 202 });
  });
  const { sendFix } = api;
  api.sendFix = async (fix) => {
    const answer = await sendFix.call(api, fix);
    const failure = failures.shift();
    if (failure) throw failure;
    return answer;
  };
  const tell = async (): Promise<void> => {
    await tellPosition({ api }, async () => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { tell, sent };
}

it('each_call_sends_one_place_that_begins_no_session_before_and_after_a_reload', async () => {
  const before = page();
  await before.tell();
  at = { ...at, latitude: 37.6 };
  await before.tell();
  const after = page();
  await after.tell();
  const all = [...before.sent, ...after.sent];
  expect(all.map(({ fixes }) => fixes.map(({ lat, seq }) => [lat, seq]))).toEqual([[[37.5, 1]], [[37.6, 1]], [[37.6, 1]]]);
  expect(all.map(({ once, session }) => [once, session])).toEqual(Array(3).fill([true, undefined]));
});
it('one_whose_answer_was_lost_is_sent_again_as_the_same_one', async () => {
  const one = page(new Unreachable(), new Problem('record_unavailable', 503, null, 1, []));
  await one.tell();
  expect(one.sent.map(({ once, fixes }) => [once, fixes.length, fixes[0]!.lat])).toEqual(Array(3).fill([true, 1, 37.6]));
});
it('it_is_not_sent_for_ever_nor_again_after_a_refusal', async () => {
  const away = page(...Array.from({ length: 9 }, () => new Unreachable()));
  await away.tell();
  expect(away.sent.length).toBe(TELL_TRIES);
  const refused = page(new Problem('forbidden_role', 403, null, null, []));
  await refused.tell();
  expect(refused.sent.length).toBe(1);
});
it('nobody_is_asked_for_a_permission_by_a_call', async () => {
  state = 'prompt';
  const one = page();
  await one.tell();
  expect(one.sent).toEqual([]);
});
