// Owns one call for help from a page: it is sent until the server has answered, and it is "taken" only when the server says
// a person took it. Until then the tab keeps that it was made (whose, for which trip, when, as which incident; never where),
// so that a reload goes on sending, or waiting. Silent by rule: nothing here sounds, shakes or lights up.
import { mayChange, Problem, type Api } from './api';
import { Store } from './store';

export type SosState = 'idle' | 'sending' | 'sent' | 'taken' | 'refused';
export const SOS_RETRY_MS = 2_000;
/** After so long without an answer, or a try that failed before, the page says so and names the telephone. */
export const SOS_LATE_MS = 10_000;
/** An older call is not sent any more: it would bring people to where nobody is. By then the button is free again. */
export const SOS_SENT_MS_MAX = 600_000;
/** For so long the sign-in page says that a call may not have arrived, and a page that comes back still waits for one to be
 *  taken; later it would only tell who picks up the phone. */
export const SOS_SAID_MS = 3_600_000;
/** The quick exit and signing out wait no longer than this for a call that is being sent. */
export const SOS_HOLD_MS = 4_000;

/** `account` is missing while the page does not know yet whose it is, `incident` while no server has answered. */
interface Kept { account: string | null; trip: string | null; at: number; incident?: string }
const KEPT = 'sos';
const read = (storage: Storage): Kept | null => JSON.parse(storage.getItem(KEPT) ?? 'null') as Kept | null;

/** Whether a call was made in this tab that no server has answered. */
export function isCallUnsure(storage: Storage = sessionStorage): boolean {
  const kept = read(storage);
  return kept !== null && kept.incident === undefined && Date.now() - kept.at < SOS_SAID_MS;
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
  /** While it is being sent: it should have been answered by now. */
  isLate = false;
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

  /** Whether the button is there: also beside "taken", for a second emergency. */
  get isFree(): boolean { return this.state !== 'sending' && this.state !== 'sent'; }

  async raise(trip: string | null): Promise<void> {
    if (!this.isFree) return;
    await this.send({ account: this.account, trip, at: Date.now() });
  }

  /** Says whose page this is: goes on with the call this account made before the page was loaded again, or with waiting for it. */
  belongsTo(account: string): void {
    if (this.account === account) return;
    this.account = account;
    const kept = read(this.storage);
    if (!kept || (kept.account ?? account) !== account) return;
    const age = Date.now() - kept.at;
    if (this.state === 'sending') this.keep({ ...kept, account });
    else if (kept.incident !== undefined) {
      if (age < SOS_SAID_MS) {
        this.arrived(kept, kept.incident);
        void this.look();
      } else this.forget(kept);
    } else if (age < SOS_SENT_MS_MAX) void this.send({ ...kept, account });
    else {
      this.forget(kept);
      this.refused('unreachable');
    }
  }

  /** The page is given up: nothing goes out any more, least of all under whoever signs in next. */
  stop(): void { this.stopped = true; }

  private async send(call: Kept): Promise<void> {
    this.keep(call);
    this.incident = null;
    this.isLate = Date.now() - call.at >= SOS_LATE_MS;
    this.set('sending');
    const late = setTimeout(() => this.late(), SOS_LATE_MS);
    underWay = this.untilAnswered(call).finally(() => clearTimeout(late));
    await underWay;
  }
  /** The server joins presses of one minute, so that a call whose answer was lost does not become two. */
  private async untilAnswered(call: Kept): Promise<void> {
    // By the time and not by the tries: one may fail at once or take long.
    while (!this.stopped && Date.now() - call.at < SOS_SENT_MS_MAX) {
      try {
        const { incident } = await this.api.sos(call.trip);
        const kept = read(this.storage);
        this.arrived(kept?.at === call.at ? kept : call, incident);
        return;
      } catch (error) {
        if (error instanceof Problem && !mayChange(error)) {
          // Who is no longer signed in has not been heard: the sign-in page says so, and their next page goes on.
          if (error.status !== 401) this.forget(call);
          this.refused(error.code);
          return;
        }
        this.late();
      }
      await this.pause(SOS_RETRY_MS);
    }
    if (!this.stopped) this.refused('unreachable');
  }
  /** Asks whether somebody has taken it: the page may have been away when that was told. */
  async look(): Promise<void> {
    if (this.state !== 'sent') return;
    const me = await this.api.me().catch(() => null);
    if (me?.call?.taken) this.taken(me.call.incident);
  }
  /** On record: kept until somebody takes it. */
  private arrived(call: Kept, incident: string): void {
    this.incident = incident;
    this.keep({ ...call, incident });
    this.set('sent');
    if (this.takenEarly.has(incident)) this.taken(incident);
  }

  taken(incident: string): void {
    this.takenEarly.add(incident);
    if (incident !== this.incident) return;
    const kept = read(this.storage);
    if (kept?.incident === incident) this.forget(kept);
    this.set('taken');
  }

  /** Back to rest, once its owner has seen the answer. */
  reset(): void { if (this.state !== 'sending') this.set('idle'); }

  private keep(call: Kept): void {
    try { this.storage.setItem(KEPT, JSON.stringify(call)); } catch { /* A tab that can keep nothing sends all the same. */ }
  }
  private forget({ at }: Kept): void { if (read(this.storage)?.at === at) this.storage.removeItem(KEPT); }
  private late(): void {
    if (this.isLate || this.state !== 'sending') return;
    this.isLate = true;
    this.changed();
  }
  private refused(code: string): void { this.code = code; this.set('refused'); }
  private set(state: SosState): void { this.state = state; this.changed(); }
}

function sleep(ms: number): Promise<void> { return new Promise((resolve) => setTimeout(resolve, ms)); }
