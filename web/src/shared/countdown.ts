// Owns the time an offer has left, counted from when its message arrived: the phone's own clock may be wrong by hours.

export class Countdown {
  private readonly endsAt: number;
  private readonly wholeMs: number;

  /** `nowMs` is a monotonic reading at arrival; `wholeS` the time the offer had in all. */
  constructor(leftS: number, wholeS: number, nowMs: number) {
    this.endsAt = nowMs + leftS * 1000;
    this.wholeMs = Math.max(wholeS, leftS, 0.001) * 1000;
  }
  leftMs(nowMs: number): number { return Math.max(0, this.endsAt - nowMs); }
  /** Whole seconds, rounded up, so that "1" is shown until the very end and "0" only after it. */
  seconds(nowMs: number): number { return Math.ceil(this.leftMs(nowMs) / 1000); }
  /** 1 at the start, 0 at the end. */
  fraction(nowMs: number): number { return Math.min(1, this.leftMs(nowMs) / this.wholeMs); }
  over(nowMs: number): boolean { return this.leftMs(nowMs) === 0; }
}

/** The whole time of an offer from its own two stamps, both the server's. */
export function wholeSeconds(offeredAt: string, expiresAt: string): number {
  return (Date.parse(expiresAt) - Date.parse(offeredAt)) / 1000;
}
