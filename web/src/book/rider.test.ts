// What the rider's page believes: the later state of each trip, and a cancellation only when it has gone out.
import { expect, it, vi } from 'vitest';
import { Problem, type Api } from '../shared/api';
import type { Phase, Trip } from '../shared/types';

Object.assign(globalThis, { sessionStorage: { getItem: () => null, setItem: () => {}, removeItem: () => {} } });
const { Rider } = await import('./rider');

const trip = (id: string, phase: Phase, change_no: number): Trip => ({ id, phase, change_no });
function rider(trips: () => Promise<Trip[]>) {
  const cancelled: string[] = [];
  const api = {
    me: async () => ({}), map: async () => ({}), trips, series: async () => [], sos: async () => ({ incident: 'i' }),
    cancel: async (id: string) => { cancelled.push(id); return trip(id, 'cancelled', 99); },
  };
  return { rider: new Rider(api as unknown as Api, () => 0), cancelled };
}

it('a_message_that_overtook_the_answer_stands', async () => {
  let give: (trips: Trip[]) => void = () => {};
  const { rider: one } = rider(() => new Promise((resolve) => { give = resolve; }));
  const asked = one.reload();
  await vi.waitFor(() => expect(one.map).not.toBeNull());
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
  one.error = new Problem('trip_overlaps', 409, null, null, [], 'later');
  one.show('later');
  expect([one.current?.id, one.error]).toEqual(['later', null]);
  one.receive({ t: 'trip', trip: trip('later', 'cancelled', 3) });
  expect(one.current?.phase).toBe('cancelled');
  one.dismiss();
  expect(one.current?.id).toBe('next');
});
