// Owns one call for help from a page: it is sent until the server has answered, and it is "taken" only when the server says
// a person took it. Silent by rule: nothing here sounds, shakes or lights up.
import { Problem, type Api } from './api';
import { Store } from './store';

export type SosState = 'idle' | 'sending' | 'sent' | 'taken' | 'refused';
export const SOS_RETRY_MS = 2_000;
/** Ten minutes of trying; by then the page says so and the button is free again. */
export const SOS_TRIES_MAX = 300;

export class Sos extends Store {
  state: SosState = 'idle';
  /** Why the server refused, when it did. */
  code: string | null = null;
  private incident: string | null = null;
  /** A take-over can arrive before the answer that names the incident. */
  private readonly takenEarly = new Set<string>();

  constructor(private readonly api: Api, private readonly pause: (ms: number) => Promise<void> = sleep) { super(); }

  async raise(trip: string | null): Promise<void> {
    if (this.state === 'sending' || this.state === 'sent' || this.state === 'taken') return;
    this.set('sending');
    for (let attempt = 0; attempt < SOS_TRIES_MAX; attempt++) {
      try {
        this.incident = (await this.api.sos(trip)).incident;
        this.set(this.takenEarly.has(this.incident) ? 'taken' : 'sent');
        return;
      } catch (error) {
        if (error instanceof Problem && error.status < 500 && error.status !== 408 && error.status !== 429) {
          this.code = error.code;
          this.set('refused');
          return;
        }
      }
      await this.pause(SOS_RETRY_MS);
    }
    this.code = 'unreachable';
    this.set('refused');
  }

  taken(incident: string): void {
    this.takenEarly.add(incident);
    if (incident === this.incident) this.set('taken');
  }

  /** Back to rest, once its owner has seen the answer. */
  reset(): void { if (this.state !== 'sending') this.set('idle'); }

  private set(state: SosState): void { this.state = state; this.changed(); }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
