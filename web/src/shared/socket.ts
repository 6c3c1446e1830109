// Owns one live connection to the server: ticket, hello, resume, acks, dropping what was seen, reconnecting. Knows nothing
// of what the messages mean. Invariant: a numbered message reaches `onMessage` at most once, in order; when one was
// missed (or the server says so) `onReload` runs instead and the page fetches its state again.
import type { ServerMessage } from './types';

export const ACK_DELAY_MS = 100;
export const BACKOFF_BASE_MS = 500;
export const BACKOFF_MAX_MS = 30_000;
/** A socket that says nothing for this long past its heartbeat is dead, whatever the browser thinks. */
export const SILENCE_GRACE_MS = 10_000;

export type StopReason = 'bad_message' | 'not_signed_in' | 'revoked' | 'replaced' | 'too_large' | 'left';
/** `waiting` from the loss of a connection until the next welcome: what the page shows may be out of date. */
export type LinkState = { kind: 'connecting' } | { kind: 'open' } | { kind: 'waiting' } | { kind: 'stopped'; reason: StopReason };
export type Outcome = { ok: true } | { ok: false; code: string };

const STOPS: Record<number, StopReason> = {
  4400: 'bad_message', 4403: 'revoked', 4409: 'replaced', 4413: 'too_large',
};

/** Full jitter: anywhere between nothing and the doubling ceiling. */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** attempt);
}
/** A ticket that a frozen page held for too long, or that a restarted server does not know; a hello that a tunnel held up. */
const WITH_A_NEW_TICKET: readonly number[] = [4401, 4408];
/** Whether a close code lets the client come back by itself. Whether the token is dead the call for the ticket says. */
export function mayReconnect(code: number): boolean {
  return code < 4400 || code >= 4450 || WITH_A_NEW_TICKET.includes(code);
}

export interface Hooks {
  /** Gets a one-use ticket; throws a value with `status` 401 when the token is dead. */
  ticket: () => Promise<string>;
  onMessage: (message: ServerMessage) => void;
  /** The state must be fetched again: first connection, a gap, or a resume the server could not honour. */
  onReload: () => void;
  onLink: (state: LinkState) => void;
  /** Something came: whatever was sent a while ago has arrived. */
  onHeard?: () => void;
  /** Of the fixes sent before the connection was lost those up to this number have arrived. */
  onFixesHeard?: (seq: number) => void;
}
export interface Outside {
  url: string;
  WebSocket: new (url: string, protocol: string) => WebSocket;
  random: () => number;
}

export class Socket {
  private ws: WebSocket | null = null;
  private attempt = 0;
  private generation = 0;
  private resume: { epoch: number; seq: number } | null = null;
  private ackTimer: ReturnType<typeof setTimeout> | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private silenceTimer: ReturnType<typeof setTimeout> | null = null;
  private heartbeatMs = 25_000;
  private readonly waiting = new Map<string, (outcome: Outcome | null) => void>();
  private state: LinkState = { kind: 'connecting' };

  constructor(private readonly hooks: Hooks, private readonly outside: Outside = fromBrowser()) {}

  get isOpen(): boolean { return this.state.kind === 'open'; }

  async connect(): Promise<void> {
    const generation = ++this.generation;
    this.clearRetry();
    // What the page shows is old until the welcome.
    this.setState({ kind: this.resume ? 'waiting' : 'connecting' });
    let ticket: string;
    try {
      ticket = await this.hooks.ticket();
    } catch (error) {
      if (generation !== this.generation) return;
      if ((error as { status?: number }).status === 401) this.setState({ kind: 'stopped', reason: 'not_signed_in' });
      else this.reconnectLater();
      return;
    }
    if (generation !== this.generation) return;
    const ws = new this.outside.WebSocket(this.outside.url, 'donghaeng.v1');
    this.ws = ws;
    ws.onopen = () => { if (ws === this.ws) ws.send(JSON.stringify({ t: 'hello', v: 1, ticket, ...(this.resume ? { resume: this.resume } : {}) })); };
    ws.onmessage = (event) => { if (ws === this.ws) this.receive(JSON.parse(String(event.data)) as Record<string, unknown>); };
    ws.onclose = (event) => { if (ws === this.ws) this.closed(event.code); };
    this.watchSilence();
  }

  /** Begins anew because somebody asked for it here: whoever holds this device takes over from another, which a page that only goes on
   *  must not. */
  takeOver(): void {
    this.resume = null;
    this.attempt = 0;
    void this.connect();
  }

  /** Leaves for good (sign-out, quick exit). */
  leave(): void {
    this.generation++;
    this.drop();
    this.setState({ kind: 'stopped', reason: 'left' });
  }

  /** Comes back now instead of after the pause. */
  hurry(): void {
    if (this.retryTimer !== null) this.renew();
  }
  /** Begins a new connection, whatever became of this one: after a sleep or a change of network it may be dead and not say so. */
  renew(): void {
    if (this.state.kind === 'stopped') return;
    this.drop();
    this.attempt = 0;
    void this.connect();
  }
  /** The phone says that it has no network. */
  lose(): void {
    if (this.state.kind === 'stopped') return;
    this.generation++;
    this.drop();
    this.reconnectLater();
  }

  /** Sends something that is not answered. Returns false when there is no connection, or when what was sent before has not
   *  even left the browser and this one should wait for it (`inTurn`). */
  tell(message: Record<string, unknown>, inTurn = false): boolean {
    if (!this.isOpen || !this.ws || (inTurn && this.ws.bufferedAmount > 0)) return false;
    this.ws.send(JSON.stringify(message));
    return true;
  }

  /** Sends a command; `null` means the connection went before the answer came, so the outcome is unknown. */
  ask(id: string, message: Record<string, unknown>): Promise<Outcome | null> {
    if (!this.tell({ ...message, id })) return Promise.resolve(null);
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  private receive(message: Record<string, unknown>): void {
    this.watchSilence();
    this.hooks.onHeard?.();
    switch (message['t']) {
      case 'welcome': return this.welcomed(message);
      case 'ping': this.tell({ t: 'pong' }); return;
      case 'result': return this.answered(message);
      default: this.deliver(message);
    }
  }

  private welcomed(message: Record<string, unknown>): void {
    const seq = Number(message['seq'] ?? 0);
    const resumed = message['resumed'] === true && this.resume !== null;
    // On a true resume our own count stands: the server goes on from what we last received.
    this.resume = { epoch: Number(message['epoch']), seq: resumed ? this.resume!.seq : seq };
    this.heartbeatMs = Number(message['heartbeat_s'] ?? 25) * 1000;
    this.attempt = 0;
    if (typeof message['fixes_heard'] === 'number') this.hooks.onFixesHeard?.(message['fixes_heard']);
    this.setState({ kind: 'open' });
    if (!resumed) this.hooks.onReload();
  }

  private answered(message: Record<string, unknown>): void {
    const id = String(message['id']);
    const resolve = this.waiting.get(id);
    this.waiting.delete(id);
    resolve?.(message['ok'] === true ? { ok: true } : { ok: false, code: String(message['code']) });
  }

  private deliver(message: Record<string, unknown>): void {
    const seq = message['seq'];
    if (typeof seq !== 'number' || !this.resume) {
      this.hooks.onMessage(message as unknown as ServerMessage);
      return;
    }
    const expected = this.resume.seq + 1;
    this.ackSoon();
    if (seq < expected) return;
    this.resume.seq = seq;
    this.hooks.onMessage(message as unknown as ServerMessage);
    // Numbers are dense, so a jump means something was lost for good; the fetched state contains it.
    if (seq > expected) this.hooks.onReload();
  }

  /** One ack covers everything up to its number, so a burst is answered once. */
  private ackSoon(): void {
    if (this.ackTimer !== null) return;
    this.ackTimer = setTimeout(() => {
      this.ackTimer = null;
      if (this.resume) this.tell({ t: 'ack', seq: this.resume.seq });
    }, ACK_DELAY_MS);
  }

  private watchSilence(): void {
    if (this.silenceTimer !== null) clearTimeout(this.silenceTimer);
    const ws = this.ws;
    this.silenceTimer = setTimeout(() => {
      if (ws !== this.ws || !ws) return;
      this.closed(1006);
      ws.close();
    }, this.heartbeatMs + SILENCE_GRACE_MS);
  }

  private closed(code: number): void {
    this.drop();
    if (mayReconnect(code)) this.reconnectLater();
    else this.setState({ kind: 'stopped', reason: STOPS[code] ?? 'bad_message' });
  }

  private drop(): void {
    const ws = this.ws;
    this.ws = null;
    ws?.close();
    if (this.ackTimer !== null) clearTimeout(this.ackTimer);
    if (this.silenceTimer !== null) clearTimeout(this.silenceTimer);
    this.ackTimer = this.silenceTimer = null;
    this.clearRetry();
    const unanswered = [...this.waiting.values()];
    this.waiting.clear();
    for (const resolve of unanswered) resolve(null);
  }

  private clearRetry(): void {
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.retryTimer = null;
  }

  private reconnectLater(): void {
    this.setState({ kind: 'waiting' });
    this.retryTimer = setTimeout(() => void this.connect(), backoffMs(this.attempt++, this.outside.random()));
  }

  private setState(state: LinkState): void {
    this.state = state;
    this.hooks.onLink(state);
  }
}

function fromBrowser(): Outside {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return { url: `${scheme}://${location.host}/v1/ws`, WebSocket, random: Math.random };
}
