// The place that goes out with a call for help: of this call, whatever was counted before.
import { beforeEach, expect, it, vi } from 'vitest';
import { Problem, Unreachable, type Api } from '../shared/api';
import type { Fix } from '../shared/types';
import { TELL_TRIES, tellPosition } from './Follow';

let at = { latitude: 37.5, longitude: 127, accuracy: 8.4 };
let state = 'granted';
beforeEach(() => {
  state = 'granted';
  const getCurrentPosition = (found: (position: { coords: typeof at }) => void): void => found({ coords: at });
  vi.stubGlobal('navigator', { geolocation: { getCurrentPosition }, permissions: { query: async () => ({ state }) } });
});

/** A page just loaded, and what it sends; the first tries fail as told. */
function page(...failures: Error[]): { tell: () => Promise<void>; sent: [Fix[], number][] } {
  const sent: [Fix[], number][] = [];
  const api = { sendFixes: async (fixes: Fix[], session: number) => {
    sent.push([fixes, session]);
    const failure = failures.shift();
    if (failure) throw failure;
    return { accepted: 1, verdicts: ['ok'] };
  } } as unknown as Api;
  const tell = async (): Promise<void> => {
    await tellPosition({ api }, async () => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { tell, sent };
}

it('each_call_is_counted_in_a_session_of_its_own_before_and_after_a_reload', async () => {
  const before = page();
  await before.tell();
  at = { ...at, latitude: 37.6 };
  await before.tell();
  const after = page();
  await after.tell();
  const all = [...before.sent, ...after.sent];
  expect(all.map(([fixes]) => fixes.map(({ lat, seq }) => [lat, seq]))).toEqual([[[37.5, 1]], [[37.6, 1]], [[37.6, 1]]]);
  expect(new Set(all.map(([, session]) => session)).size).toBe(3);
});
it('one_whose_answer_was_lost_is_sent_again_as_the_same_one', async () => {
  const one = page(new Unreachable(), new Problem('record_unavailable', 503, null, 1, []));
  await one.tell();
  const sessions = one.sent.map(([, session]) => session);
  expect([one.sent.length, new Set(sessions).size, one.sent.every(([[fix]]) => fix!.seq === 1)]).toEqual([3, 1, true]);
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
