// Owns one call for help from a page: it is sent until the server has answered, and it is "taken" only when the server says
// a person took it. Until then the tab keeps that it was made (whose, for which trip, when; never where), so that a reload
// goes on sending. Silent by rule: nothing here sounds, shakes or lights up.
import { Problem, type Api } from './api';
import { Store } from './store';

export type SosState = 'idle' | 'sending' | 'sent' | 'taken' | 'refused';
export const SOS_RETRY_MS = 2_000;
/** Ten minutes of trying; by then the page says so and the button is free again. */
export const SOS_TRIES_MAX = 300;
/** An older call is not sent by itself when its page comes back: it would bring people to where nobody is any more. */
export const SOS_RESUMED_MS_MAX = 600_000;
/** For so long the sign-in page says that a call may not have arrived; later it would only tell who picks up the phone. */
export const SOS_SAID_MS = 3_600_000;
/** The quick exit and signing out wait no longer than this for a call that is being sent. */
export const SOS_HOLD_MS = 4_000;

/** `account` is missing while the page does not know yet whose it is. */
interface Kept { account: string | null; trip: string | null; at: number }
const KEPT = 'sos';
const read = (storage: Storage): Kept | null => JSON.parse(storage.getItem(KEPT) ?? 'null') as Kept | null;

/** Whether a call was made in this tab that no server has answered. */
export function isCallUnsure(storage: Storage = sessionStorage): boolean {
  const kept = read(storage);
  return kept !== null && Date.now() - kept.at < SOS_SAID_MS;
}
/** Somebody signed in: the call of anybody else is not theirs to send. */
export function forgetCallOfOthers(account: string, storage: Storage = sessionStorage): void {
  if (read(storage)?.account !== account) storage.removeItem(KEPT);
}

let underWay: Promise<void> | null = null;
/** Settles when the last call is not being sent any more, and after `SOS_HOLD_MS` at the latest; `null` when there was none. */
export function holdForCall(): Promise<void> | null {
  return underWay && Promise.race([underWay, sleep(SOS_HOLD_MS)]);
}

export class Sos extends Store {
  state: SosState = 'idle';
  /** Why the server refused, when it did. */
  code: string | null = null;
  private account: string | null = null;
  private incident: string | null = null;
  private stopped = false;
  /** A take-over can arrive before the answer that names the incident. */
  private readonly takenEarly = new Set<string>();

  constructor(
    private readonly api: Api,
    private readonly pause: (ms: number) => Promise<void> = sleep,
    private readonly storage: Storage = sessionStorage,
  ) { super(); }

  async raise(trip: string | null): Promise<void> {
    if (this.state === 'sending' || this.state === 'sent' || this.state === 'taken') return;
    await this.send({ account: this.account, trip, at: Date.now() });
  }

  /** Says whose page this is: goes on with the call this account made before the page was loaded again. */
  belongsTo(account: string): void {
    if (this.account === account) return;
    this.account = account;
    const kept = read(this.storage);
    if (!kept || (kept.account ?? account) !== account) return;
    if (this.state === 'sending') this.keep({ ...kept, account });
    else if (Date.now() - kept.at < SOS_RESUMED_MS_MAX) void this.send({ ...kept, account });
    else {
      this.forget(kept);
      this.refused('unreachable');
    }
  }

  /** The page is given up: nothing goes out any more, least of all under whoever signs in next. */
  stop(): void { this.stopped = true; }

  private async send(call: Kept): Promise<void> {
    this.keep(call);
    this.set('sending');
    underWay = this.untilAnswered(call);
    await underWay;
  }
  /** The server joins presses of one minute, so that a call whose answer was lost does not become two. */
  private async untilAnswered(call: Kept): Promise<void> {
    for (let attempt = 0; attempt < SOS_TRIES_MAX && !this.stopped; attempt++) {
      try {
        this.incident = (await this.api.sos(call.trip)).incident;
        this.forget(call);
        this.set(this.takenEarly.has(this.incident) ? 'taken' : 'sent');
        return;
      } catch (error) {
        if (error instanceof Problem && error.status < 500 && error.status !== 408 && error.status !== 429) {
          // Who is no longer signed in has not been heard: the sign-in page says so, and their next page goes on.
          if (error.status !== 401) this.forget(call);
          this.refused(error.code);
          return;
        }
      }
      await this.pause(SOS_RETRY_MS);
    }
    if (!this.stopped) this.refused('unreachable');
  }

  taken(incident: string): void {
    this.takenEarly.add(incident);
    if (incident === this.incident) this.set('taken');
  }

  /** Back to rest, once its owner has seen the answer. */
  reset(): void { if (this.state !== 'sending') this.set('idle'); }

  private keep(call: Kept): void {
    try { this.storage.setItem(KEPT, JSON.stringify(call)); } catch { /* A tab that can keep nothing sends all the same. */ }
  }
  private forget({ at }: Kept): void { if (read(this.storage)?.at === at) this.storage.removeItem(KEPT); }
  private refused(code: string): void { this.code = code; this.set('refused'); }
  private set(state: SosState): void { this.state = state; this.changed(); }
}

function sleep(ms: number): Promise<void> { return new Promise((resolve) => setTimeout(resolve, ms)); }
