// Owns the question a rider is putting together (when, where, where to) and its one pending booking. The draft lives in
// memory; only a booking that was sent and not yet answered is kept in the tab, with its key, so that a reload or a lost
// answer asks for the same booking again and never for a second one.
import { mayChange, Problem, type Api } from '../shared/api';
import { freshKey } from '../shared/key';
import { koreanDate, koreanInstant } from '../shared/korea';
import type { Booked, BookingBody, Place, Weekday } from '../shared/types';

export type When =
  | { kind: 'now' }
  | { kind: 'at'; date: string; time: string }
  | { kind: 'commute'; days: Weekday[]; outward: string; back: string; until: string };
export interface Draft { when: When | null; pickup: Place | null; dropoff: Place | null }
export const EMPTY_DRAFT: Draft = { when: null, pickup: null, dropoff: null };
export const WEEKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The body the server wants, or `null` while something is missing. */
export function bodyOf(draft: Draft, nowMs: number): BookingBody | null {
  const { when, pickup, dropoff } = draft;
  if (!when || !pickup || !dropoff) return null;
  const places = { pickup, dropoff };
  if (when.kind === 'now') return { kind: 'now', ...places };
  if (when.kind === 'at') {
    return { kind: 'at', at: koreanInstant(when.date, when.time), ...places };
  }
  return {
    kind: 'commute', ...places,
    commute: { days: when.days, outward_at: when.outward, return_at: when.back, from: koreanDate(nowMs, 1), until: when.until },
  };
}

interface Kept { account: string | null; key: string; body: BookingBody }
const PENDING = 'pending';

/** The booking that was sent and whose answer is not known. It is its account's alone: nobody else sends or sees it. */
export class Pending {
  private account: string | null = null;

  constructor(private readonly storage: Storage = sessionStorage, private readonly newKey: () => string = freshKey) {}

  get body(): BookingBody | null { return this.read()?.body ?? null; }
  private read(): Kept | null {
    const kept = JSON.parse(this.storage.getItem(PENDING) ?? 'null') as Kept | null;
    return this.account !== null && kept?.account === this.account ? kept : null;
  }
  /** Says whose page this is; what somebody else left behind is thrown away. */
  belongsTo(account: string): void {
    this.account = account;
    if (!this.read()) this.clear();
  }
  clear(): void { this.storage.removeItem(PENDING); }

  /** Sends `body`, or again what is pending. Throws a `Problem` (settled: nothing is pending) or `Unreachable` (still pending). */
  async send(api: Api, body: BookingBody): Promise<Booked> {
    const kept = this.read() ?? { account: this.account, key: this.newKey(), body };
    this.storage.setItem(PENDING, JSON.stringify(kept));
    try {
      const booked = await api.book(kept.body, kept.key);
      this.settled(kept.key);
      return booked;
    } catch (error) {
      if (error instanceof Problem && !mayChange(error)) this.settled(kept.key);
      throw error;
    }
  }
  /** Meanwhile another account may have a booking here. */
  private settled(key: string): void { if (this.read()?.key === key) this.clear(); }
}
