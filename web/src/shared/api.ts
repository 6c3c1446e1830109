// Owns every REST call a page makes: one typed method per route of docs/PROTOCOL.md. Decides nothing about what to show.
// A refusal is a `Problem` with its stable code; no answer at all is `Unreachable`, which means "unknown", never "no".
import type {
  Booked, BookingBody, Candidate, Card, Cell, Condition, ConditionBody, ConsoleState, Fix, GivenCode, HistoryEvent, Incident, LatLon, MapInfo, Me, Mode, Prefer, Reach, Revealed, Route,
  Series, Session, Shift, Travel, Trip, Way, Zone, ZoneBody,
} from './types';

/** How long a call may stay unanswered before it counts as unknown. */
export const ANSWER_MS_MAX = 10_000;

export class Problem extends Error {
  constructor(
    readonly code: string, readonly status: number, readonly field: string | null,
    readonly retryAfterS: number | null, readonly violations: string[],
    /** The trip that is in the way. */
    readonly trip: string | null = null,
  ) { super(code); }
}
export class Unreachable extends Error {
  constructor() { super('unreachable'); }
}

/** Whether asking again can help: no answer, a busy or a restarting server. */
export function mayChange(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && (error.status >= 500 || error.status === 408 || error.status === 429));
}

type Fetcher = (path: string, init: RequestInit) => Promise<Response>;

async function problemOf(response: Response): Promise<Problem> {
  const body: Record<string, unknown> = await response.json().catch(() => ({}));
  const retry = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return new Problem(
    typeof body['code'] === 'string' ? body['code'] : `http_${response.status}`,
    response.status,
    typeof body['field'] === 'string' ? body['field'] : null,
    Number.isFinite(retry) ? retry : null,
    Array.isArray(body['violations']) ? body['violations'].map(String) : [],
    typeof body['trip'] === 'string' ? body['trip'] : null,
  );
}

export class Api {
  /** Called when the server no longer knows the token, so that the page can go back to sign-in. */
  onSignedOut: () => void = () => {};
  /** The server's clock minus this phone's, by its last answer: a phone's own may be wrong by hours. */
  skewMs = 0;

  constructor(private token: string | null, private readonly fetcher: Fetcher = (path, init) => fetch(path, init)) {}

  setToken(token: string | null): void { this.token = token; }

  private async call<T>(method: string, path: string, body?: unknown, extra: Record<string, string> = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json', ...extra };
    if (this.token) headers['Authorization'] = `Bearer ${this.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    // `keepalive`: what was asked for goes out even when the page is left in the same moment.
    try {
      response = await this.fetcher(path, {
        method, headers, cache: 'no-store', keepalive: method !== 'GET', signal: AbortSignal.timeout(ANSWER_MS_MAX),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Unreachable();
    }
    const answeredAt = Date.parse(response.headers.get('Date') ?? '');
    if (Number.isFinite(answeredAt)) this.skewMs = answeredAt - Date.now();
    if (!response.ok) {
      const problem = await problemOf(response);
      if (problem.status === 401 && problem.code !== 'bad_code') this.onSignedOut();
      throw problem;
    }
    if (response.status === 204) return undefined as T;
    // The answer broke off after its head: what the server did is unknown.
    return response.json().catch(() => { throw new Unreachable(); }) as Promise<T>;
  }
  private get<T>(path: string): Promise<T> { return this.call('GET', path); }
  private post<T>(path: string, body: unknown = {}): Promise<T> { return this.call('POST', path, body); }

  /** A code works once; with the same `key` it is answered again to whom the answer did not reach. */
  signIn(code: string, key: string): Promise<Session> { return this.call('POST', '/v1/session', { code }, { 'Idempotency-Key': key }); }
  signOut(): Promise<void> { return this.call('DELETE', '/v1/session'); }
  me(): Promise<Me> { return this.get('/v1/me'); }
  async wsTicket(): Promise<string> { return (await this.post<{ ticket: string }>('/v1/ws-ticket')).ticket; }
  map(): Promise<MapInfo> { return this.get('/v1/map'); }

  book(body: BookingBody, key: string): Promise<Booked> {
    return this.call('POST', '/v1/bookings', body, { 'Idempotency-Key': key });
  }
  async trips(): Promise<Trip[]> { return (await this.get<{ trips: Trip[] }>('/v1/trips')).trips; }
  cancel(trip: string): Promise<Trip> { return this.post(`/v1/trips/${trip}/cancel`); }
  async series(): Promise<Series[]> { return (await this.get<{ series: Series[] }>('/v1/series')).series; }
  skip(series: string, date: string): Promise<Series> { return this.post(`/v1/series/${series}/skip`, { date }); }
  endSeries(series: string): Promise<Series> { return this.post(`/v1/series/${series}/end`); }
  /** One place of a page that sends no others: it replaces no phone that does. */
  sendFix(fix: Fix): Promise<{ accepted: number; verdicts: string[] }> { return this.post('/v1/fixes', { once: true, fixes: [fix] }); }
  sos(trip: string | null): Promise<{ incident: string }> { return this.post('/v1/sos', { trip }); }

  startShift(mode: Mode, hours: number): Promise<Shift> { return this.post('/v1/shift', { mode, hours }); }
  endShift(): Promise<void> { return this.call('DELETE', '/v1/shift'); }
  card(): Promise<Card> { return this.get('/v1/card'); }
  way(trip: string, prefer: Prefer | null): Promise<Way> { return this.get(`/v1/trips/${trip}/way${prefer ? `?prefer=${prefer}` : ''}`); }

  console(): Promise<ConsoleState> { return this.get('/v1/console'); }
  async cells(): Promise<Cell[]> { return (await this.get<{ cells: Cell[] }>('/v1/cells')).cells; }
  async candidates(trip: string): Promise<Candidate[]> {
    return (await this.get<{ candidates: Candidate[] }>(`/v1/trips/${trip}/candidates`)).candidates;
  }
  async isochrones({ lat, lon }: LatLon, mode: Mode, minutes: number): Promise<Reach> {
    return this.post<Reach>('/v1/isochrones', { at: { lat, lon }, mode, minutes });
  }
  travel(): Promise<Travel> { return this.get('/v1/admin/travel'); }
  async conditions(): Promise<Condition[]> { return (await this.get<{ conditions: Condition[] }>('/v1/admin/conditions')).conditions; }
  /** With the same `key` and body it is said once. */
  addCondition(said: ConditionBody, key: string): Promise<Condition> { return this.call('POST', '/v1/admin/conditions', said, { 'Idempotency-Key': key }); }
  endCondition(id: string): Promise<void> { return this.call('DELETE', `/v1/admin/conditions/${id}`); }
  assign(trip: string, staff: string[]): Promise<Trip> { return this.post(`/v1/trips/${trip}/assign`, { staff }); }
  complete(trip: string): Promise<Trip> { return this.post(`/v1/trips/${trip}/complete`); }
  release(trip: string): Promise<Trip> { return this.post(`/v1/trips/${trip}/release`); }
  unserved(trip: string, reason: string): Promise<Trip> { return this.post(`/v1/trips/${trip}/unserved`, { reason }); }
  /** Shows the exact places; the server keeps who looked, and why. */
  reveal(trip: string, reason: 'dispatch' | 'alarm'): Promise<Revealed> { return this.post(`/v1/trips/${trip}/reveal`, { reason }); }
  /** A one-time code for an account, or for the rider of a trip; the server keeps who gave it. */
  giveCode(whose: { account: string } | { trip: string }): Promise<GivenCode> { return this.post('/v1/codes', whose); }
  async history(trip: string): Promise<HistoryEvent[]> { return (await this.get<{ events: HistoryEvent[] }>(`/v1/trips/${trip}/history`)).events; }
  /** Of the trip's rider; never where they are. */
  async zones(trip: string): Promise<Zone[]> { return (await this.get<{ zones: Zone[] }>(`/v1/trips/${trip}/zones`)).zones; }
  /** With the same `key` and body it is added once. */
  addZone(trip: string, zone: ZoneBody, key: string): Promise<Zone> { return this.call('POST', `/v1/trips/${trip}/zones`, zone, { 'Idempotency-Key': key }); }
  removeZone(trip: string, zone: string): Promise<void> { return this.call('DELETE', `/v1/trips/${trip}/zones/${zone}`); }
  acknowledge(incident: string): Promise<Incident> { return this.post(`/v1/incidents/${incident}/acknowledge`); }

  demoRoute(from: LatLon, to: LatLon | null, mode: Mode): Promise<Route> {
    // Places and stations carry names, and the server takes nothing it did not ask for.
    const point = ({ lat, lon }: LatLon): LatLon => ({ lat, lon });
    return this.post('/v1/demo/route', { from: point(from), to: to && point(to), mode });
  }
}
