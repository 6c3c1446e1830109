// The card after a tap: never an old one, never one that a message has already taken back.
import { expect, it, vi } from 'vitest';
import { Unreachable, type Api } from '../shared/api';
import type { Card, Phase, Trip } from '../shared/types';
import { Duty } from './duty';

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
  expect([answers.length, duty.isSaying('t'), duty.error instanceof Unreachable]).toEqual([2, true, true]);
  answers[1]!.give(card(trip('en_route', 2)));
  await settle();
  expect([duty.trip?.phase, duty.isSaying('t'), duty.error]).toEqual(['en_route', false, null]);
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
  vi.useRealTimers();
});
