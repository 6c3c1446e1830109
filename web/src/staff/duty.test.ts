// The card after a tap: never an old one, never one that a message has already taken back.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Problem, Unreachable, type Api } from '../shared/api';
import { now } from '../shared/clock';
import { memory } from '../shared/memory';
import type { LinkState } from '../shared/socket';
import type { Card, Offer, Phase, Shift, Trip } from '../shared/types';
import { Duty, SEEN_MS } from './duty';
import { Saying } from './OfferCard';
import { whereSaid } from './Where';

beforeEach(() => {
  Object.assign(globalThis, { sessionStorage: memory() });
  vi.stubGlobal('navigator', { geolocation: { watchPosition: () => 1, clearWatch: () => {} } });
});
afterEach(() => { vi.useRealTimers(); });

const trip = (phase: Phase, change_no: number): Trip => ({
  id: 't', phase, change_no, pickup: { lat: 1, lon: 2 }, crew: [{ no: 1, phase, eta_s: null, you: true }],
});
const card = (of: Trip | null): Card => ({ offer: null, trip: of, shift: null });
/** Answers to `card` in the order in which they are asked for, given by hand. */
function asked(): { api: Api; answers: { give: (value: Card) => void; lose: () => void }[] } {
  const answers: { give: (value: Card) => void; lose: () => void }[] = [];
  const api = { card: () => new Promise<Card>((resolve, reject) => { answers.push({ give: resolve, lose: () => reject(new Unreachable()) }); }) };
  return { api: api as unknown as Api, answers };
}
/** Lets everything that waits for a promise go on. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
/** A duty with a trip, whose socket takes every command at once. */
async function underWay(): Promise<{ duty: Duty; answers: ReturnType<typeof asked>['answers'] }> {
  const { api, answers } = asked();
  const duty = new Duty(api, async () => {});
  Object.assign(duty, { socket: { ask: async () => ({ ok: true }), tell: () => true } });
  duty.receive({ t: 'trip', trip: trip('assigned', 1) });
  duty.status('en_route');
  await settle();
  return { duty, answers };
}

it('no_next_tap_is_offered_between_the_answer_and_the_new_card', async () => {
  const { duty, answers } = await underWay();
  expect([answers.length, duty.isSaying('t')]).toEqual([1, true]);
  answers[0]!.give(card(trip('en_route', 2)));
  await settle();
  expect([duty.trip?.phase, duty.isSaying('t')]).toEqual(['en_route', false]);
});
it('a_lost_answer_is_asked_for_again', async () => {
  const { duty, answers } = await underWay();
  answers[0]!.lose();
  await settle();
  expect([answers.length, duty.isSaying('t'), duty.trouble.said instanceof Unreachable]).toEqual([2, true, true]);
  answers[1]!.give(card(trip('en_route', 2)));
  await settle();
  expect([duty.trip?.phase, duty.isSaying('t'), duty.trouble.said]).toEqual(['en_route', false, null]);
});
it('an_answer_that_a_message_has_overtaken_brings_nothing_back', async () => {
  const { duty, answers } = await underWay();
  duty.receive({ t: 'trip_gone', trip: 't', reason: 'cancelled' });
  answers[0]!.give(card(trip('en_route', 2)));
  await settle();
  expect([duty.trip, answers.length]).toEqual([null, 2]);
  answers[1]!.give(card(null));
  await settle();
  expect([duty.trip, duty.gone?.reason]).toEqual([null, 'cancelled']);
});
it('the_end_can_be_taken_back_and_a_call_for_help_takes_it_back', async () => {
  const { duty, answers } = await underWay();
  answers[0]!.give(card(trip('escorting', 3)));
  await settle();
  duty.completeLater();
  expect([duty.later.what, duty.isSaying('t')]).toEqual(['completed', true]);
  duty.later.undo();
  expect([duty.isSaying('t'), duty.waitingTaps]).toEqual([false, 0]);
  duty.completeLater();
  Object.assign(duty.api, { sos: async () => ({ incident: 'i' }) });
  await duty.sos.raise('t');
  expect([duty.later.what, duty.waitingTaps, duty.trip?.phase]).toEqual([null, 0, 'escorting']);
});
it('before_the_first_card_nothing_is_known_of_a_shift', async () => {
  const { api, answers } = asked();
  Object.assign(api, { me: async () => ({ role: 'staff' }), map: async () => ({}) });
  const duty = new Duty(api, async () => {});
  const opened = (duty as unknown as { reload: () => Promise<void> }).reload();
  await settle();
  expect([duty.me !== null, duty.known]).toEqual([true, false]);
  answers[0]!.give(card(null));
  await opened;
  expect([duty.known, duty.shift]).toEqual([true, null]);
});
it('setting_out_is_early_until_the_seconds_of_the_server_are_over_whatever_the_clock_of_the_phone_says', () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  const duty = new Duty(asked().api, async () => {});
  duty.receive({ t: 'trip', trip: { ...trip('assigned', 1), set_out: { from: '2001-01-01T00:00:00Z', in_s: 30 } } });
  vi.advanceTimersByTime(29_999);
  expect(duty.setOutFrom).toBe('2001-01-01T00:00:00Z');
  vi.advanceTimersByTime(1);
  expect(duty.setOutFrom).toBeNull();
  duty.receive({ t: 'trip', trip: { ...trip('assigned', 2), set_out: { from: '2001-01-01T00:00:00Z', in_s: 30 } } });
  duty.receive({ t: 'trip', trip: trip('assigned', 3) });
  expect(duty.setOutFrom).toBeNull();
});

/** A duty whose cards are given at once, and what it sent over a link that is open or not. */
function working(of: Partial<Card> = {}, sos: Api['sos'] = async () => ({ incident: 'i' })) {
  const held: Card = { offer: null, trip: null, shift: null, ...of };
  const link = { open: true };
  const sent: Record<string, unknown>[] = [];
  const api = { card: async () => held, me: async () => ({ account: 'a' }), map: async () => ({}), sos, skewMs: 0 };
  const duty = new Duty(api as unknown as Api, async () => {});
  const tell = (message: Record<string, unknown>): boolean => { if (link.open) sent.push(message); return link.open; };
  Object.assign(duty, { socket: { ask: async (_: string, message: Record<string, unknown>) => (tell(message) ? { ok: true } : null), tell } });
  const reload = (): Promise<void> => (duty as unknown as { reload: () => Promise<void> }).reload();
  return { duty, held, link, sent, api, reload };
}
const hear = (duty: Duty, link: LinkState): void => (duty as unknown as { heardOfLink: (link: LinkState) => void }).heardOfLink(link);
/** Whether positions are being handed on. */
const isLocating = (duty: Duty): boolean => (duty.locator as unknown as { timer: unknown }).timer !== null;
const shift = (leftS: number): Shift => ({ starts_at: '2026-11-24T00:00:00Z', ends_at: new Date(Date.now() + leftS * 1000).toISOString(), mode: 'walk' });
const offer = { id: 'o', trip: 't', offered_at: '2026-11-24T00:00:00Z', expires_at: '2026-11-24T00:00:20Z', expires_in_s: 20 } as Offer;

it('a_shift_that_runs_out_during_a_trip_leaves_the_trip_and_the_position', async () => {
  vi.useFakeTimers();
  const { duty, held, reload } = working({ shift: shift(60), trip: trip('escorting', 1) });
  await reload();
  held.shift = null;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([duty.shift, duty.trip?.id, duty.working, isLocating(duty)]).toEqual([null, 't', true, true]);
  duty.receive({ t: 'trip_gone', trip: 't', reason: 'completed' });
  expect([duty.working, isLocating(duty)]).toEqual([false, false]);
  duty.close();
});
it('the_page_changes_when_the_shift_ends_by_the_clock_of_the_server_and_not_with_the_next_message', async () => {
  vi.useFakeTimers();
  const { duty, held, api, reload } = working({ shift: shift(7_260) });
  // This phone is two hours behind.
  api.skewMs = 7_200_000;
  await reload();
  held.shift = null;
  let drawn = 0;
  duty.subscribe(() => { drawn++; });
  await vi.advanceTimersByTimeAsync(59_000);
  expect([duty.working, drawn]).toEqual([true, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([duty.shift, duty.working, isLocating(duty), drawn > 0]).toEqual([null, false, false, true]);
  duty.close();
});
it('a_shift_that_the_server_still_sees_goes_on', async () => {
  vi.useFakeTimers();
  const { duty, reload } = working({ shift: shift(60) });
  await reload();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([duty.shift !== null, isLocating(duty)]).toEqual([true, true]);
  duty.close();
});
it('an_offer_and_a_call_for_help_are_work_without_a_shift', async () => {
  const { duty } = working();
  duty.receive({ t: 'offer', offer });
  expect([duty.working, isLocating(duty)]).toEqual([true, true]);
  duty.receive({ t: 'offer_closed', offer: 'o', reason: 'expired' });
  expect([duty.working, isLocating(duty)]).toEqual([false, false]);
  await duty.sos.raise(null);
  expect([duty.working, isLocating(duty)]).toEqual([true, true]);
  duty.sos.reset();
  expect([duty.working, isLocating(duty)]).toEqual([false, false]);
});
it('the_position_is_said_to_be_sent_only_while_one_has_gone_out_lately', () => {
  vi.useFakeTimers();
  const { duty, link } = working();
  duty.receive({ t: 'trip', trip: trip('assigned', 1) });
  const report = (duty.locator as unknown as { report: (at: object, acc: number, kind: string, takenAt: number) => void }).report;
  link.open = false;
  report({ lat: 37.5, lon: 127 }, 8, 'gps', now());
  expect([duty.isSeen, duty.waitingFixes]).toEqual([false, 1]);
  link.open = true;
  report({ lat: 37.5, lon: 127 }, 8, 'gps', now());
  expect([duty.isSeen, duty.waitingFixes]).toEqual([true, 0]);
  vi.advanceTimersByTime(SEEN_MS + 1);
  expect(duty.isSeen).toBe(false);
  duty.close();
});
it('fixes_that_a_tunnel_swallowed_go_out_on_the_next_line_and_are_not_said_to_be_sent', () => {
  vi.useFakeTimers();
  const { duty, sent } = working();
  duty.receive({ t: 'trip', trip: trip('assigned', 1) });
  const report = (duty.locator as unknown as { report: (at: object, acc: number, kind: string, takenAt: number) => void }).report;
  const fixes = (): number[][] => sent.map((message) => (message['fixes'] as { seq: number }[]).map(({ seq }) => seq));
  for (let i = 0; i < 8; i++) {
    report({ lat: 37.5, lon: 127 }, 8, 'gps', now());
    vi.advanceTimersByTime(4_000);
  }
  // Handed over every time, and no word from the server for longer than its heartbeat.
  expect([fixes().length, duty.isSeen]).toEqual([8, false]);
  hear(duty, { kind: 'waiting' });
  expect([duty.isSeen, duty.waitingFixes]).toEqual([false, 8]);
  hear(duty, { kind: 'open' });
  expect(fixes().at(-1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  duty.close();
});
it('a_page_that_hears_no_more_shows_nothing_of_the_work_and_fetches_it_on_return', async () => {
  const { duty, held, reload } = working({ trip: trip('en_route', 1), shift: shift(600) });
  await reload();
  duty.receive({ t: 'crew_at', trip: 't', crew: [] });
  hear(duty, { kind: 'stopped', reason: 'replaced' });
  const shown = (): unknown[] => [duty.trip, duty.offer, duty.crewAt, duty.shift, duty.known];
  expect(shown()).toEqual([null, null, null, null, false]);
  await reload();
  expect(shown()).toEqual([null, null, null, null, false]);
  Object.assign(duty, { socket: { takeOver: () => hear(duty, { kind: 'connecting' }) } });
  duty.comeBack();
  await settle();
  expect([duty.trip?.id, duty.known, held.trip?.id]).toEqual(['t', true, 't']);
  duty.close();
});
it('an_answer_to_an_offer_that_a_stopped_page_could_not_send_is_not_sent_on_return', async () => {
  const { duty, link, sent } = working();
  duty.receive({ t: 'offer', offer });
  link.open = false;
  duty.answer(true);
  await settle();
  hear(duty, { kind: 'stopped', reason: 'replaced' });
  link.open = true;
  hear(duty, { kind: 'open' });
  await settle();
  expect([duty.offer, duty.waitingTaps, sent]).toEqual([null, 0, []]);
  duty.close();
});
it('an_answer_that_was_on_its_way_when_the_page_was_stopped_brings_nothing_back', async () => {
  const { duty, answers } = await underWay();
  hear(duty, { kind: 'stopped', reason: 'replaced' });
  answers[0]!.give(card(trip('en_route', 2)));
  await settle();
  expect([duty.trip, duty.known, answers.length]).toEqual([null, false, 1]);
});
it('the_card_waits_neither_for_the_map_nor_for_the_name_and_both_are_asked_for_again', async () => {
  const { duty, api, reload } = working({ trip: trip('en_route', 1) });
  let lost = 2;
  const whole = api.map;
  api.map = async () => { if (lost-- > 0) throw new Unreachable(); return whole(); };
  const [opened, again] = [reload(), vi.fn()];
  duty.subscribe(() => { if (duty.trip && !duty.map && duty.trouble.said instanceof Unreachable) again(); });
  await opened;
  expect([duty.trip?.id, duty.map, duty.trouble.said, again.mock.calls.length > 0]).toEqual(['t', {}, null, true]);
  duty.close();
});
it('a_line_that_comes_back_fetches_what_is_still_missing', async () => {
  const { duty, api, reload } = working();
  api.me = async () => { throw new Problem('forbidden_role', 403, null, null, []); };
  await reload();
  expect(duty.me).toBeNull();
  api.me = async () => ({ account: 'a' });
  hear(duty, { kind: 'open' });
  await settle();
  expect([duty.me, duty.map, duty.trouble.said]).toEqual([{ account: 'a' }, {}, null]);
  duty.close();
});
it('a_question_outlives_neither_its_trip_nor_its_phase', () => {
  const { duty } = working();
  duty.receive({ t: 'trip', trip: trip('arrived', 1) });
  duty.ask('no_show');
  expect([duty.askedOf(trip('arrived', 1)), duty.askedOf(trip('met', 2)), duty.askedOf({ ...trip('arrived', 1), id: 'u' })]).toEqual(['no_show', null, null]);
  duty.ask('drop_out');
  expect([duty.askedOf(trip('assigned', 1)), duty.askedOf(trip('escorting', 2))]).toEqual(['drop_out', null]);
  duty.close();
});
it('on_a_trip_a_lost_position_is_said', () => {
  const said = (failed: boolean, isSeen: boolean, waitingFixes: number, of: Trip | null): [string, boolean] => {
    const { word, bad } = whereSaid({ locator: { failed, demo: false }, isSeen, waitingFixes, trip: of });
    return [word, bad];
  };
  const held = trip('en_route', 1);
  expect([said(false, true, 0, held), said(false, false, 3, held), said(false, false, 0, held), said(true, true, 0, held)])
    .toEqual([['staff.position_ok', false], ['staff.position_unsent', true], ['staff.position_wait', true], ['staff.position_lost', true]]);
  expect([said(false, false, 3, null), said(true, false, 0, null)]).toEqual([['staff.position_unsent', false], ['staff.no_position', true]]);
});
it('an_answer_on_its_way_is_said_to_be_until_it_has_arrived', async () => {
  const { duty, link, reload } = working({ offer });
  await reload();
  const said = (): unknown => Saying({ duty, offer })?.props.children ?? null;
  link.open = false;
  expect(said()).toBeNull();
  duty.answer(true);
  await settle();
  expect([said(), duty.accepted]).toEqual(['보내는 중', null]);
  link.open = true;
  hear(duty, { kind: 'open' });
  await settle();
  expect([said(), duty.accepted]).toEqual([null, 'o']);
  duty.close();
});
it('a_missing_rider_is_told_behind_another_tap_and_once', async () => {
  const { duty, link, sent } = working({ trip: trip('arrived', 2) });
  duty.receive({ t: 'trip', trip: trip('en_route', 1) });
  link.open = false;
  duty.status('arrived');
  duty.receive({ t: 'trip', trip: trip('arrived', 2) });
  duty.status('met');
  duty.status('no_show');
  duty.status('no_show');
  expect(duty.waitingTaps).toBe(2);
  await settle();
  link.open = true;
  await (duty as unknown as { taps: { flush: () => Promise<void> } }).taps.flush();
  expect(sent.map(({ to }) => to)).toEqual(['arrived', 'no_show']);
});
it('a_refused_tap_is_said_until_the_next_tap_whatever_is_fetched_meanwhile', async () => {
  const { duty, reload } = working({ trip: trip('en_route', 1) });
  await reload();
  const answer = { ok: false, code: 'wrong_phase' };
  Object.assign(duty, { socket: { ask: async () => answer, tell: () => true } });
  duty.status('arrived');
  await settle();
  await reload();
  expect((duty.trouble.said as Problem).code).toBe('wrong_phase');
  Object.assign(answer, { ok: true });
  duty.status('arrived');
  expect(duty.trouble.said).toBeNull();
});
it('a_call_for_help_of_a_page_that_was_loaded_again_goes_on', async () => {
  sessionStorage.setItem('sos', JSON.stringify({ account: 'a', trip: 't', at: Date.now() }));
  const asked: (string | null)[] = [];
  const { duty, reload } = working({}, async (of) => { asked.push(of); return { incident: 'i' }; });
  await reload();
  await settle();
  expect([asked, duty.sos.state, duty.working]).toEqual([['t'], 'sent', true]);
});
it('an_offer_that_was_accepted_before_a_reload_does_not_look_open', () => {
  const duty = new Duty(asked().api, async () => {});
  const offer: Offer = {
    id: 'o', trip: 't', slot: 0, area: { cell: '', lat: 1, lon: 2, radius_m: 600 }, eta_s: 60, pickup_at: null, trip_s: 60,
    crew_size: 2, offered_at: '2026-11-24T00:00:00Z', expires_at: '2026-11-24T00:00:20Z', expires_in_s: 9, partner: 'open',
  };
  duty.receive({ t: 'offer', offer });
  expect(duty.accepted).toBeNull();
  duty.receive({ t: 'offer', offer: { ...offer, state: 'accepted' } });
  expect(duty.accepted).toBe('o');
});
const follows: Offer = { ...offer, id: 'o2', trip: 'u', next: true };
const next = { trip: 'u', area: offer.area, at: '2026-11-24T00:10:00Z' };
it('what_follows_stands_beside_the_trip_and_takes_its_place_at_the_end', () => {
  const { duty } = working();
  duty.receive({ t: 'trip', trip: trip('escorting', 1) });
  duty.receive({ t: 'offer', offer: follows });
  duty.receive({ t: 'trip', trip: trip('escorting', 2) });
  expect([duty.trip?.id, duty.offer?.id]).toEqual(['t', 'o2']);
  duty.receive({ t: 'next', next });
  expect([duty.trip?.id, duty.offer, duty.next?.trip]).toEqual(['t', null, 'u']);
  duty.receive({ t: 'trip_gone', trip: 't', reason: 'completed' });
  duty.receive({ t: 'trip', trip: { ...trip('assigned', 3), id: 'u' } });
  expect([duty.trip?.id, duty.next, duty.gone]).toEqual(['u', null, null]);
});
it('what_follows_can_be_taken_back_or_left_and_the_trip_stays', async () => {
  const { duty, sent } = working();
  duty.receive({ t: 'trip', trip: trip('escorting', 1) });
  duty.receive({ t: 'next', next });
  duty.receive({ t: 'trip_gone', trip: 'u', reason: 'late' });
  expect([duty.trip?.id, duty.next, duty.gone]).toEqual(['t', null, { kind: 'next', reason: 'late' }]);
  duty.receive({ t: 'next', next });
  expect(duty.gone).toBeNull();
  duty.dropOut('u');
  await settle();
  expect([sent.map(({ t, trip: of }) => [t, of]), duty.trip?.id, duty.next]).toEqual([[['drop_out', 'u']], 't', null]);
});
it('a_card_brings_what_follows_and_takes_it_away', async () => {
  const { duty, held, reload } = working({ trip: trip('escorting', 1), next });
  await reload();
  expect(duty.next?.trip).toBe('u');
  held.next = null;
  await reload();
  expect([duty.trip?.id, duty.next]).toEqual(['t', null]);
});
