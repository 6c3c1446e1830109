// Owns what a phone has to say while it cannot: taps and fixes, kept in memory, sent in order once it can. A tap keeps its
// id until an answer came, so that sending it again after a lost answer changes nothing twice. Nothing is ever stored.
import type { Outcome } from './socket';
import type { Fix, FixKind, LatLon } from './types';

/** The most taps that may wait; more means the phone has been away for too long to be believed. */
export const TAPS_MAX = 20;
/** The most fixes one message may carry. */
export const FIXES_MAX = 60;
/** The most that are kept: as many as the server takes at once. The way of a trip is on record whole, if coarser but for its end. */
export const KEPT_MAX = 300;

export interface Tap { id: string; message: Record<string, unknown>; trip: string | null }
type Ask = (id: string, message: Record<string, unknown>) => Promise<Outcome | null>;

export class TapQueue {
  private taps: Tap[] = [];
  private sending = false;
  private made = 0;

  constructor(
    private readonly ask: Ask,
    private readonly onAnswer: (tap: Tap, outcome: Outcome) => void,
    private readonly prefix: string,
  ) {}

  get waiting(): readonly Tap[] { return this.taps; }

  /** Queues a tap and tries to send it. Returns false when the queue is full. */
  add(message: Record<string, unknown>, trip: string | null): boolean {
    if (this.taps.length >= TAPS_MAX) return false;
    this.taps.push({ id: `${this.prefix}-${++this.made}`, message, trip });
    void this.flush();
    return true;
  }

  /** Sends what waits, one at a time, stopping at the first unknown outcome; call again after a reconnect. */
  async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      for (let tap = this.taps[0]; tap; tap = this.taps[0]) {
        const outcome = await this.ask(tap.id, tap.message);
        if (outcome === null) return;
        // It may have been forgotten with its trip while the answer was on its way.
        if (this.taps[0] === tap) {
          this.taps.shift();
          this.onAnswer(tap, outcome);
        }
      }
    } finally {
      this.sending = false;
    }
  }

  /** Forgets everything that concerns a trip. */
  forget(trip: string): void { this.taps = this.taps.filter((tap) => tap.trip !== trip); }
}

/** What is heard so long after a fix went out shows that the line was whole then: longer than any round trip. */
export const PROVEN_AFTER_MS = 2_000;

interface Taken extends LatLon { acc_m: number; kind: FixKind; takenAt: number; seq: number; /** When it went out. */ sentAt: number | null }

/** A fix is kept until the server was heard after it went out: into a dead line everything goes without a word. One that is sent
 *  twice is the same place at the same time. */
export class FixQueue {
  /** When the newest position that went out was taken; one that waits has reached nobody. */
  handedAt = -Infinity;
  /** The same of those that the server surely has. */
  private provenAt = -Infinity;
  private fixes: Taken[] = [];
  private seq = 0;

  add(at: LatLon, acc_m: number, kind: FixKind, takenAt: number): void {
    this.fixes.push({ lat: at.lat, lon: at.lon, acc_m, kind, takenAt, seq: ++this.seq, sentAt: null });
    if (this.fixes.length > KEPT_MAX) this.thin();
  }
  /** Lets go of the one, not of the newest, that leaves the smallest gap. */
  private thin(): void {
    const gap = (i: number): number => this.fixes[i + 1]!.takenAt - this.fixes[i - 1]!.takenAt;
    let least = 1;
    for (let i = 2; i < KEPT_MAX - FIXES_MAX; i++) if (gap(i) < gap(least)) least = i;
    this.fixes.splice(least, 1);
  }

  /** How many have not gone out. */
  get length(): number { return this.unsent.length; }
  private get unsent(): Taken[] { return this.fixes.filter(({ sentAt }) => sentAt === null); }
  /** Since when the oldest one that went out waits for a sign of the server; `null` if none does. */
  get unprovenSince(): number | null { return this.fixes.find(({ sentAt }) => sentAt !== null)?.sentAt ?? null; }

  /** Hands over what waits, oldest first, in messages, with ages as of `now`; `send` says whether one went out. */
  flush(now: number, send: (fixes: Fix[]) => boolean): void {
    for (let unsent = this.unsent.slice(0, FIXES_MAX); unsent.length > 0; unsent = this.unsent.slice(0, FIXES_MAX)) {
      const fixes = unsent.map(({ lat, lon, acc_m, kind, takenAt, seq }) =>
        ({ lat, lon, acc_m: Math.round(acc_m), kind, age_ms: Math.max(0, Math.round(now - takenAt)), seq }));
      if (!send(fixes)) return;
      for (const fix of unsent) fix.sentAt = now;
      this.handedAt = unsent[unsent.length - 1]!.takenAt;
    }
  }
  /** The server was heard. */
  heard(now: number): void {
    this.prove(({ sentAt }) => sentAt !== null && now - sentAt >= PROVEN_AFTER_MS);
  }
  /** The server says how far it has heard: told once more in a new session these would be newer than what came after them. */
  heardUpTo(last: number): void {
    this.prove(({ seq }) => seq <= last);
    this.handedAt = Math.max(this.handedAt, this.provenAt);
  }
  private prove(isProven: (fix: Taken) => boolean): void {
    for (const fix of this.fixes.filter(isProven)) this.provenAt = fix.takenAt;
    this.fixes = this.fixes.filter((fix) => !isProven(fix));
  }
  /** The connection is gone: what nothing speaks for goes out again. */
  lost(): void {
    for (const fix of this.fixes) fix.sentAt = null;
    this.handedAt = this.provenAt;
  }

  forget(): void { this.fixes = []; this.handedAt = this.provenAt = -Infinity; }
}
