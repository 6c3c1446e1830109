// What every answer brings besides its body.
import { afterEach, expect, it, vi } from 'vitest';
import { Api } from './api';
import { keyPerThing } from './key';

afterEach(() => { vi.useRealTimers(); });

it('the_clock_of_the_server_is_known_from_any_answer_and_an_answer_without_one_changes_nothing', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-24T06:00:00Z') });
  let headers: Record<string, string> = { Date: 'Tue, 24 Nov 2026 08:00:00 GMT' };
  const api = new Api(null, async () => new Response('{"trips":[]}', { headers }));
  expect(api.skewMs).toBe(0);
  await api.trips();
  expect(api.skewMs).toBe(7_200_000);
  headers = {};
  await api.trips();
  expect(api.skewMs).toBe(7_200_000);
});
it('a_code_is_sent_again_with_the_key_it_was_sent_with_and_another_code_with_another', async () => {
  const sent: [string, string][] = [];
  const api = new Api(null, async (_path, init) => {
    sent.push([JSON.parse(String(init.body)).code, new Headers(init.headers).get('Idempotency-Key') ?? '']);
    throw new TypeError('the answer got lost');
  });
  const keyOf = keyPerThing();
  for (const code of ['A', 'A', 'B']) await expect(api.signIn(code, keyOf(code))).rejects.toThrow();
  const [[, first], [, again], [, other]] = sent as [[string, string], [string, string], [string, string]];
  expect([sent.map(([code]) => code), first.length >= 16, again, other === first]).toEqual([['A', 'A', 'B'], true, first, false]);
});
