// Owns the order of the work list and the counters: exceptions first. Pure; time is given.
import { isOpen, type Phase, type StaffRow, type Trip } from '../shared/types';
import { isWarned } from './signs';

/** What waits for a decision comes before what is under way, what is over comes last. */
const ORDER: readonly Phase[] = [
  'requested', 'matching', 'offered', 'assigned', 'en_route', 'arrived', 'met', 'escorting', 'reserved',
  'no_show', 'unserved', 'cancelled', 'completed',
];
/** Trips whose rider is waiting to hear who comes. */
export const WAITING: readonly Phase[] = ['requested', 'matching', 'offered'];
/** Ended trips stay on the list this long, so that a supervisor sees how they ended. */
export const ENDED_SHOWN_MS = 10 * 60_000;

const stamp = (iso: string | null | undefined): number => (iso ? Date.parse(iso) : 0);
/** How long a rider has waited to hear who comes; `null` where nobody does yet. */
export function waitedMs({ phase, waits_since }: Trip, nowMs: number): number | null {
  return WAITING.includes(phase) && waits_since ? nowMs - stamp(waits_since) : null;
}

export function workList(trips: Iterable<Trip>, nowMs: number): Trip[] {
  const rank = (trip: Trip): number => {
    if (trip.escalated && isOpen(trip.phase)) return -2;
    // A missing rider is an alarm, not an ending, for as long as it is on the list.
    if (trip.phase === 'no_show') return -1;
    return isWarned(trip) ? -0.5 : ORDER.indexOf(trip.phase);
  };
  const due = (trip: Trip): number => stamp(trip.pickup_at) || stamp(trip.requested_at);
  return [...trips]
    .filter((trip) => isOpen(trip.phase) || nowMs - stamp(trip.updated_at) < ENDED_SHOWN_MS)
    .sort((a, b) => rank(a) - rank(b) || due(a) - due(b) || a.id.localeCompare(b.id));
}

export interface Counters { available: number; silent: number; busy: number; open: number; escalated: number; oldestWaitingMs: number | null }
export function counters(trips: Iterable<Trip>, staff: Iterable<StaffRow>, nowMs: number): Counters {
  const count: Counters = { available: 0, silent: 0, busy: 0, open: 0, escalated: 0, oldestWaitingMs: null };
  for (const { state, silent } of staff) {
    // Who cannot be asked does not count as if they could.
    if (state === 'available') count[silent ? 'silent' : 'available']++;
    else if (state !== 'off_shift') count.busy++;
  }
  for (const trip of trips) {
    if (!isOpen(trip.phase)) continue;
    count.open++;
    if (trip.escalated) count.escalated++;
    const waited = waitedMs(trip, nowMs);
    if (waited !== null) count.oldestWaitingMs = Math.max(count.oldestWaitingMs ?? 0, waited);
  }
  return count;
}
