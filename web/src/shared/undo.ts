// Owns one request that waits a moment before it is sent, so that its owner can take it back. Never used where waiting could
// harm: not for SOS, not for an answer to an offer (somebody waits for it), not for anything that raises an alarm.
// Invariant: what was asked for is sent once or taken back. Leaving or hiding the page sends it, because a hidden page may be
// frozen or thrown away without another word; a page that was stopped all the same sends it as soon as it wakes, however late.
import { now as clock } from './clock';
import { Store } from './store';

export const UNDO_MS = 5_000;

interface Waiting { what: string; about: string; run: () => Promise<void>; endsAt: number; timer?: ReturnType<typeof setTimeout> }

export class Delayed extends Store {
  private waiting: Waiting | null = null;

  constructor(private readonly now: () => number = clock) { super(); }

  /** What waits: `cancel`, `skip`, `completed`. */
  get what(): string | null { return this.waiting?.what ?? null; }
  /** The id of what it is about. */
  get about(): string | null { return this.waiting?.about ?? null; }
  get leftS(): number { return this.waiting ? Math.max(0, Math.ceil((this.waiting.endsAt - this.now()) / 1000)) : 0; }

  /** Sends `run` in `UNDO_MS`; another one that waits is sent first. */
  begin(what: string, about: string, run: () => Promise<void>): void {
    void this.send();
    this.waiting = { what, about, run, endsAt: this.now() + UNDO_MS };
    this.wake();
    this.changed();
  }
  /** Sends what is due, by the clock and not by the timer: a stopped page's timers stand still. */
  wake(): void {
    if (!this.waiting) return;
    const leftMs = this.waiting.endsAt - this.now();
    if (leftMs <= 0) { void this.send(); return; }
    clearTimeout(this.waiting.timer);
    this.waiting.timer = setTimeout(() => this.wake(), leftMs);
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

/** Sends what waits when the page is left or hidden, and what is due when it is seen again; the answer ends that, and sends. */
export function sendWhenLeft(delayed: Delayed): () => void {
  const left = (): void => { void delayed.send(); };
  const turned = (): void => { if (document.visibilityState === 'hidden') left(); else delayed.wake(); };
  addEventListener('pagehide', left);
  document.addEventListener('visibilitychange', turned);
  return () => {
    removeEventListener('pagehide', left);
    document.removeEventListener('visibilitychange', turned);
    left();
  };
}
