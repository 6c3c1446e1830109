// Owns which trip's exact places this console shows, and for how long: one trip, after a press, until a short time is over,
// its owner looks elsewhere, or the screen is left. The places are the server's answer to that press, which it keeps on record.
// Invariant: nothing is revealed past its deadline, even when the timer that should have hidden it slept, or the whole
// device did.
import { now as clock } from '../shared/clock';
import { Store } from '../shared/store';
import type { Place } from '../shared/types';

export const REVEAL_MS = 20_000;

export interface Places { pickup: Place; dropoff: Place }

export class Reveal extends Store {
  private kept: Places | null = null;
  private trip: string | null = null;
  private endsAt = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly now: () => number = clock) { super(); }

  /** The trip whose exact places may be shown now. */
  get shown(): string | null { return this.trip !== null && this.now() < this.endsAt ? this.trip : null; }
  /** Its places, while they may be shown. */
  get places(): Places | null { return this.shown === null ? null : this.kept; }
  /** Whole seconds until they are hidden again. */
  get leftS(): number { return this.shown === null ? 0 : Math.ceil((this.endsAt - this.now()) / 1000); }

  show(trip: string, places: Places): void {
    this.stop();
    this.trip = trip;
    this.kept = places;
    this.endsAt = this.now() + REVEAL_MS;
    this.timer = setTimeout(() => this.hide(), REVEAL_MS);
    this.changed();
  }
  hide(): void {
    if (this.trip === null) return;
    this.stop();
    this.trip = null;
    this.kept = null;
    this.changed();
  }
  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
