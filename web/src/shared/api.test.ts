// What every answer brings besides its body.
import { afterEach, expect, it, vi } from 'vitest';
import { Api } from './api';

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
