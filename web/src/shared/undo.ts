// Owns one request that waits a moment before it is sent, so that its owner can take it back. Never used where waiting could
// harm: not for SOS, not for an answer to an offer (somebody waits for it), not for anything that raises an alarm.
// Invariant: what was asked for is sent once or taken back; leaving the page sends it.
import { Store } from './store';

export const UNDO_MS = 5_000;

interface Waiting { what: string; about: string; run: () => Promise<void>; endsAt: number; timer: ReturnType<typeof setTimeout> }

export class Delayed extends Store {
  private waiting: Waiting | null = null;

  constructor(private readonly now: () => number = () => performance.now()) { super(); }

  /** What waits: `cancel`, `skip`, `completed`. */
  get what(): string | null { return this.waiting?.what ?? null; }
  /** The id of what it is about. */
  get about(): string | null { return this.waiting?.about ?? null; }
  get leftS(): number { return this.waiting ? Math.max(0, Math.ceil((this.waiting.endsAt - this.now()) / 1000)) : 0; }

  /** Sends `run` in `UNDO_MS`; another one that waits is sent first. */
  begin(what: string, about: string, run: () => Promise<void>): void {
    void this.send();
    this.waiting = { what, about, run, endsAt: this.now() + UNDO_MS, timer: setTimeout(() => void this.send(), UNDO_MS) };
    this.changed();
  }
  /** Sends what waits at once. */
  async send(): Promise<void> { await this.take()?.run(); }
  undo(): void { this.take(); }

  private take(): Waiting | null {
    const waiting = this.waiting;
    if (!waiting) return null;
    clearTimeout(waiting.timer);
    this.waiting = null;
    this.changed();
    return waiting;
  }
}
