// Owns the clock by which a page tells ages and deadlines: it never goes back, and unlike the browser's own it goes on while
// the phone sleeps. Knows nothing of the time of day.

/** The wall clock gains so much on the steady one only when the steady one stood still, or when somebody set it: both count. */
export const JUMP_MS = 1_000;

export class Clock {
  private slept = 0;
  private lead: number;

  constructor(private readonly steady: () => number = () => performance.now(), private readonly wall: () => number = () => Date.now()) {
    this.lead = wall() - steady();
  }
  /** Milliseconds since some moment before the page was opened. */
  now(): number {
    const gained = this.wall() - this.steady() - this.lead;
    // A wall clock that is set back takes no age away.
    if (Math.abs(gained) >= JUMP_MS) {
      this.lead += gained;
      this.slept += Math.max(0, gained);
    }
    return this.steady() + this.slept;
  }
}

const clock = new Clock();
export const now = (): number => clock.now();
