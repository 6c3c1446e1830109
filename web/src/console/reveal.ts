// Owns which trip's exact places this console shows, and for how long: one trip, after a press, until a short time is over,
// its owner looks elsewhere, or the screen is left. Tells nobody; the page says plainly that a place is being looked at.
// Invariant: nothing is revealed past its deadline, even when the timer that should have hidden it slept.
import { Store } from '../shared/store';

export const REVEAL_MS = 20_000;

export class Reveal extends Store {
  private trip: string | null = null;
  private endsAt = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly now: () => number = () => performance.now()) { super(); }

  /** The trip whose exact places may be shown now. */
  get shown(): string | null { return this.trip !== null && this.now() < this.endsAt ? this.trip : null; }
  /** Whole seconds until they are hidden again. */
  get leftS(): number { return this.shown === null ? 0 : Math.ceil((this.endsAt - this.now()) / 1000); }

  show(trip: string): void {
    this.stop();
    this.trip = trip;
    this.endsAt = this.now() + REVEAL_MS;
    this.timer = setTimeout(() => this.hide(), REVEAL_MS);
    this.changed();
  }
  hide(): void {
    if (this.trip === null) return;
    this.stop();
    this.trip = null;
    this.changed();
  }
  private stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
