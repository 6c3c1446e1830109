// What the rider's page believes: the later state of each trip, and a cancellation only when it has gone out.
import { beforeEach, expect, it, vi } from 'vitest';
import { Problem, Unreachable, type Api } from '../shared/api';
import { memory } from '../shared/memory';
import type { LinkState } from '../shared/socket';
import type { Phase, Trip } from '../shared/types';
import { Rider, RELOAD_RETRY_MS } from './rider';

beforeEach(() => { Object.assign(globalThis, { sessionStorage: memory(), localStorage: memory() }); });


const PLACES = { pickup: { lat: 37.5, lon: 127 }, dropoff: { lat: 37.6, lon: 127 } };
const trip = (id: string, phase: Phase, change_no: number): Trip => ({ id, phase, change_no });
function rider(trips: () => Promise<Trip[]>) {
  const cancelled: string[] = [];
  const api = {
    me: async () => ({ account: 'a' }), map: async () => ({}), trips, series: async () => [], sos: async () => ({ incident: 'i' }),
    cancel: async (id: string) => { cancelled.push(id); return trip(id, 'cancelled', 99); },
  };
  return { rider: new Rider(api as unknown as Api, () => 0), cancelled };
}

it('a_message_that_overtook_the_answer_stands', async () => {
  let give: (trips: Trip[]) => void = () => {};
  const { rider: one } = rider(() => new Promise((resolve) => { give = resolve; }));
  const asked = one.reload();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(one.known).toBe(false);
  one.receive({ t: 'trip', trip: trip('a', 'completed', 9) });
  give([trip('a', 'escorting', 8)]);
  await asked;
  expect([one.known, one.trips.map(({ phase }) => phase)]).toEqual([true, ['completed']]);
});
it('a_cancellation_can_be_taken_back_or_sent_at_once', async () => {
  const { rider: one, cancelled } = rider(async () => []);
  one.receive({ t: 'trip', trip: trip('a', 'offered', 1) });
  one.cancelLater('a');
  one.later.undo();
  await one.later.send();
  expect([cancelled, one.current?.phase]).toEqual([[], 'offered']);
  one.cancelLater('a');
  expect(one.current?.phase).toBe('offered');
  await one.later.send();
  expect([cancelled, one.current?.phase]).toEqual([['a'], 'cancelled']);
});
it('a_call_for_help_and_a_trip_that_has_met_take_a_cancellation_back', async () => {
  const { rider: one, cancelled } = rider(async () => []);
  one.receive({ t: 'trip', trip: trip('a', 'arrived', 1) });
  one.cancelLater('a');
  await one.sos.raise('a');
  expect(one.later.what).toBeNull();
  one.cancelLater('a');
  one.receive({ t: 'trip', trip: trip('a', 'met', 2) });
  expect([one.later.what, cancelled]).toEqual([null, []]);
});
it('the_trip_that_is_in_the_way_is_shown_until_it_ends', async () => {
  const { rider: one } = rider(async () => [trip('next', 'matching', 1), trip('later', 'reserved', 2)]);
  await one.reload();
  expect(one.current?.id).toBe('next');
  one.trouble.refuse(new Problem('trip_overlaps', 409, null, null, [], 'later'));
  one.show('later');
  expect([one.current?.id, one.trouble.said]).toEqual(['later', null]);
  one.receive({ t: 'trip', trip: trip('later', 'cancelled', 3) });
  expect(one.current?.phase).toBe('cancelled');
  one.dismiss();
  expect(one.current?.id).toBe('next');
});

it('a_refusal_outlives_the_fetches_that_nobody_pressed_for', async () => {
  const { rider: one } = rider(async () => [trip('a', 'met', 1)]);
  await one.reload();
  Object.assign(one.api, { cancel: async () => { throw new Problem('wrong_phase', 409, null, null, []); } });
  await one.cancel('a');
  await one.reload();
  expect((one.trouble.said as Problem).code).toBe('wrong_phase');
  Object.assign(one.api, { cancel: async () => trip('a', 'cancelled', 2) });
  await one.cancel('a');
  expect(one.trouble.said).toBeNull();
});
it('a_fault_of_the_connection_lasts_until_something_gets_through', async () => {
  let lost = true;
  const { rider: one } = rider(async () => { if (lost) throw new Unreachable(); return []; });
  await one.reload();
  expect(one.trouble.said).toBeInstanceOf(Unreachable);
  lost = false;
  await one.reload();
  expect(one.trouble.said).toBeNull();
});
it('trips_are_told_without_the_map_and_what_is_missing_is_asked_for_again', async () => {
  vi.useFakeTimers();
  const { rider: one } = rider(async () => [trip('a', 'en_route', 1)]);
  const lost = { map: async () => { throw new Unreachable(); } };
  const whole = { map: one.api.map };
  Object.assign(one.api, lost);
  await one.reload();
  expect([one.known, one.current?.id, one.map, one.trouble.said instanceof Unreachable]).toEqual([true, 'a', null, true]);
  Object.assign(one.api, whole);
  await vi.advanceTimersByTimeAsync(RELOAD_RETRY_MS);
  expect([one.map, one.trouble.said]).toEqual([{}, null]);
  Object.assign(one.api, { trips: async () => { throw new Problem('forbidden_role', 403, null, null, []); } });
  await one.reload();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
it('a_page_that_hears_no_more_shows_no_trip_and_fetches_again_on_return', async () => {
  const { rider: one } = rider(async () => [trip('a', 'en_route', 1)]);
  await one.reload();
  one.receive({ t: 'crew_at', trip: 'a', crew: [] });
  const hear = (link: LinkState): void => (one as unknown as { heardOfLink: (link: LinkState) => void }).heardOfLink(link);
  hear({ kind: 'stopped', reason: 'replaced' });
  expect([one.current, one.trips, one.crewAt.size, one.known]).toEqual([null, [], 0, false]);
  await one.reload();
  expect(one.trips).toEqual([]);
  Object.assign(one, { socket: { takeOver: () => hear({ kind: 'connecting' }) } });
  one.comeBack();
  await vi.waitFor(() => expect(one.current?.id).toBe('a'));
});
it('the_question_of_one_trip_is_never_put_about_another_and_ends_with_its_phase', () => {
  const { rider: one } = rider(async () => []);
  one.receive({ t: 'trip', trip: trip('a', 'arrived', 1) });
  one.askCancel('a');
  expect([one.isAsked(trip('a', 'arrived', 1)), one.isAsked(trip('b', 'reserved', 2)), one.isAsked(trip('a', 'met', 3))]).toEqual([true, false, false]);
  one.cancelLater('a');
  expect(one.isAsked(trip('a', 'arrived', 1))).toBe(false);
});
it('a_booking_that_got_through_takes_the_refusal_before_it_away', async () => {
  vi.useFakeTimers();
  const { rider: one } = rider(async () => []);
  await one.reload();
  const answers = [new Problem('record_unavailable', 503, null, null, []), { booking: {}, trips: [trip('new', 'matching', 1)] }];
  Object.assign(one.api, { book: async () => { const answer = answers.shift(); if (answer instanceof Problem) throw answer; return answer; } });
  await expect(one.pending.send(one.api, { kind: 'now', ...PLACES })).rejects.toBeInstanceOf(Problem);
  one.trouble.refuse(new Problem('record_unavailable', 503, null, null, []));
  void one.retryPending();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([one.pending.body, answers.length, one.trouble.said]).toEqual([null, 0, null]);
  vi.useRealTimers();
});
it('a_fetch_that_fails_after_a_skipped_day_is_said', async () => {
  const { rider: one } = rider(async () => { throw new Unreachable(); });
  Object.assign(one.api, { skip: async () => ({}) });
  await one.skip('s', '2026-11-26');
  expect(one.trouble.said).toBeInstanceOf(Unreachable);
});

it.each<Phase>(['unserved', 'no_show', 'cancelled'])('a page opened after a trip ended %s says so until it is read', async (phase) => {
  const opened = async (): Promise<Rider> => {
    const { rider: one } = rider(async () => [trip('next', 'reserved', 1), trip('a', phase, 3), trip('before', 'completed', 2)]);
    await one.reload();
    return one;
  };
  expect((await opened()).current?.phase).toBe(phase);
  const one = await opened();
  one.dismiss();
  expect(one.current?.id).toBe('next');
  await one.reload();
  expect(one.current?.id).toBe('next');
  expect((await opened()).current?.id).toBe('next');
});
it('how_one_ended_is_not_shown_over_the_next_one_that_is_under_way_or_has_gone_well', async () => {
  const shown = async (...trips: Trip[]): Promise<string | undefined> => {
    const { rider: one } = rider(async () => trips);
    await one.reload();
    return one.current?.id;
  };
  expect(await shown(trip('now', 'matching', 9), trip('a', 'unserved', 3))).toBe('now');
  expect(await shown(trip('well', 'completed', 9), trip('a', 'unserved', 3))).toBeUndefined();
  expect(await shown(trip('a', 'unserved', 3), trip('last', 'no_show', 4))).toBe('last');
});
it('a_trip_that_ended_while_the_page_heard_nothing_is_shown_as_ended', async () => {
  let phase: Phase = 'matching';
  const { rider: one } = rider(async () => [trip('a', phase, phase === 'matching' ? 1 : 2)]);
  await one.reload();
  expect(one.current?.phase).toBe('matching');
  phase = 'unserved';
  await one.reload();
  expect(one.current?.phase).toBe('unserved');
});
it('a_day_that_its_owner_skipped_is_no_news_when_they_come_back', async () => {
  let trips = [trip('now', 'reserved', 1), trip('skipped', 'reserved', 2)];
  const { rider: one } = rider(async () => trips);
  Object.assign(one.api, { skip: async () => { trips = [trip('now', 'reserved', 1), trip('skipped', 'cancelled', 3)]; return {}; } });
  await one.reload();
  await one.skip('s', '2026-11-26');
  expect(one.current?.id).toBe('now');
  const { rider: back } = rider(async () => trips);
  await back.reload();
  expect(back.current?.id).toBe('now');
});

it('a_pending_booking_is_asked_for_again_by_its_own_account_only', async () => {
  const asked = async (account: string): Promise<number> => {
    let sent = 0;
    const { rider: one } = rider(async () => []);
    Object.assign(one.api, { me: async () => ({ account }), book: async () => { sent++; return { booking: {}, trips: [] }; } });
    await one.reload();
    await vi.waitFor(() => expect(one.retrying).toBe(false));
    return sent;
  };
  const kept = JSON.stringify({ account: 'a', key: 'k', body: { kind: 'now', ...PLACES } });
  sessionStorage.setItem('pending', kept);
  expect(await asked('a')).toBe(1);
  sessionStorage.setItem('pending', kept);
  expect([await asked('b'), sessionStorage.getItem('pending')]).toEqual([0, null]);
});
it('signing_out_forgets_the_pending_booking_and_what_was_read', async () => {
  const { rider: one } = rider(async () => []);
  Object.assign(one.api, { book: async () => { throw new Unreachable(); } });
  await one.reload();
  await expect(one.pending.send(one.api, { kind: 'now', ...PLACES })).rejects.toBeInstanceOf(Unreachable);
  localStorage.setItem('trips.read', '["a"]');
  expect(sessionStorage.getItem('pending')).not.toBeNull();
  await one.leave();
  expect([sessionStorage.getItem('pending'), localStorage.getItem('trips.read')]).toEqual([null, null]);
});
it('a_call_for_help_of_a_closed_page_goes_on_when_it_is_opened_again', async () => {
  sessionStorage.setItem('sos', JSON.stringify({ account: 'a', trip: 't', at: Date.now() }));
  const { rider: one } = rider(async () => []);
  await one.reload();
  await vi.waitFor(() => expect(one.sos.state).toBe('sent'));
});
