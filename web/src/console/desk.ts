// Owns what a supervisor's page knows: trips, staff, incidents, cells, and which trip is open. Positions are kept by `People`.
import { Problem, Unreachable, type Api } from '../shared/api';
import { now } from '../shared/clock';
import { openSocket } from '../shared/connection';
import { freshKey } from '../shared/key';
import type { LinkState, Socket } from '../shared/socket';
import { Store } from '../shared/store';
import { isOpen, type Candidate, type Cell, type ConsoleState, type GivenCode, type Incident, type MapInfo, type Me, type Mode, type Reach, type RowKind, type ServerMessage, type StaffRow, type Trip, type View } from '../shared/types';
import { Alarm } from './alarm';
import { roughly } from './coarse';
import { Counts } from './counts';
import { People } from './people';
import { Reveal } from './reveal';
import { ENDED_SHOWN_MS, workList } from './worklist';

/** How often the whole state is fetched again, whatever the feed said. */
const SWEEP_EVERY_MS = 10_000;
/** The cells of open trips; how many are free in each is pushed. */
const CELLS_EVERY_MS = 15_000;
/** Until the map is there: how many are where, by cells of the size that it begins with, and nobody one by one. */
const EVERYTHING: View = { west: -180, south: -90, east: 180, north: 90, zoom: 11 };
/** How far a supervisor looks for who could come. */
const REACH_MINUTES = 15;
/** A card that says it is the key's is taken by it no sooner: a second press of a quick hand was not meant for it. */
export const KEYED_AFTER_MS = 1_000;
/** Alarms somebody has taken stay readable for this long. */
export const TAKEN_SHOWN_MS = 30 * 60_000;

export class Desk extends Store {
  me: Me | null = null;
  map: MapInfo | null = null;
  readonly trips = new Map<string, Trip>();
  readonly staff = new Map<string, StaffRow>();
  readonly incidents = new Map<string, Incident>();
  readonly people = new People();
  readonly reveal = new Reveal();
  readonly alarm: Alarm;
  cells: Cell[] = [];
  /** How many are where on the screen; changes are told by `countsDrawn`. */
  readonly counts = new Counts();
  countsDrawn = 0;
  /** From how near the screen looks, as the server sees it. */
  tier: 'far' | 'near' = 'far';
  selected: string | null = null;
  candidates: { trip: string; list: Candidate[] } | null = null;
  /** From where the open trip's area is reached in time, while a supervisor looks at that. */
  reach: ({ mode: Mode } & Reach) | null = null;
  /** Whose travel times are being made, for which the picture waits. */
  reachAwaited: Mode | null = null;
  /** Counts what was looked at: an answer that somebody no longer waits for is not shown. */
  private reachAsked = 0;
  /** Who waits for a point on the map: a click is the last one's, and opens no trip. */
  private readonly pickers: object[] = [];
  link: LinkState = { kind: 'connecting' };
  /** The record does not answer: trips, alarms and staff may have changed, and the map goes on by what was known of them. */
  behind = false;
  /** What is on the record and cannot be read, and so is not shown. */
  unreadable: RowKind[] = [];
  /** Why the last action was refused, until the next one. */
  refusal: unknown = null;
  /** Why the last fetch failed, until one succeeds. */
  private fault: unknown = null;
  /** On their way to the server, so that a second press takes the next one. */
  private keyedShown: { id: string; at: number } | null = null;
  private readonly acknowledging = new Set<string>();
  /** What is on its way to which trip: a second press of the same button is not a second action. */
  private readonly acting = new Set<string>();
  /** Server's clock minus this one's, so that ages are the same on every console. */
  private skewMs = 0;
  private lastN: number | null = null;
  private lastArea: number | null = null;
  private view: View = EVERYTHING;
  /** When the feed last spoke of a trip or an incident, so that an answer asked for earlier does not undo it. */
  private readonly heard = new Map<string, number>();
  private socket: Socket | null = null;
  private stopSocket: (() => void) | null = null;
  private cellTimer: ReturnType<typeof setInterval> | null = null;
  private sweepTimer: ReturnType<typeof setInterval> | null = null;
  private readonly onHidden = (): void => { if (document.visibilityState === 'hidden') this.reveal.hide(); };

  constructor(readonly api: Api, alarm: Alarm) { super(); this.alarm = alarm; }

  open(): void {
    const { socket, stop } = openSocket(this.api, {
      message: (message) => this.receive(message),
      reload: () => { this.lastN = null; this.tellView(); void this.reload(); },
      link: (link) => { this.link = link; this.changed(); },
    });
    this.socket = socket;
    this.stopSocket = stop;
    void this.reload();
    this.loadCells();
    this.cellTimer = setInterval(() => this.loadCells(), CELLS_EVERY_MS);
    this.reveal.subscribe(() => this.changed());
    document.addEventListener('visibilitychange', this.onHidden);
    // What a change feed missed, the next sweep finds.
    this.sweepTimer = setInterval(() => void this.reload(), SWEEP_EVERY_MS);
  }
  close(): void {
    this.reachAsked++;
    if (this.cellTimer !== null) clearInterval(this.cellTimer);
    if (this.sweepTimer !== null) clearInterval(this.sweepTimer);
    this.alarm.ring(false);
    this.reveal.hide();
    document.removeEventListener('visibilitychange', this.onHidden);
    this.stopSocket?.();
  }
  private loadCells(): void {
    if (document.visibilityState === 'hidden') return;
    this.api.cells().then((got) => { this.cells = got; this.changed(); }, () => {});
  }
  /** What the map shows from now on: the server tells of that and of nothing else. */
  look(view: View): void {
    this.view = view;
    this.tellView();
  }
  private tellView(): void {
    void this.socket?.ask(freshKey(), { t: 'view', ...this.view });
  }
  comeBack(): void { this.socket?.takeOver(); }
  now(): number { return Date.now() + this.skewMs; }

  get list(): Trip[] { return workList(this.trips.values(), this.now()); }
  /** Alarms nobody has taken first, newest first among equals. */
  get alarms(): Incident[] {
    const open = (incident: Incident): number => (incident.acknowledged_at ? 1 : 0);
    return [...this.incidents.values()].sort((a, b) => open(a) - open(b) || b.raised_at.localeCompare(a.raised_at));
  }
  get openTrip(): Trip | null { return this.selected ? (this.trips.get(this.selected) ?? null) : null; }

  receive(message: ServerMessage): void {
    if (message.t === 'area') return this.receiveArea(message);
    if (message.t !== 'console' && message.t !== 'map') return;
    // `n` counts both kinds; one missed means somebody's change was missed.
    if (this.lastN !== null && message.n !== this.lastN + 1) void this.reload();
    this.lastN = message.n;
    if (message.t === 'map') {
      this.people.take(message.people ?? [], message.gone ?? [], now());
      return;
    }
    this.behind = message.behind === true;
    this.unreadable = message.unreadable ?? this.unreadable;
    for (const trip of message.trips ?? []) this.takeTrip(trip);
    for (const row of message.staff ?? []) this.staff.set(row.id, row);
    for (const incident of message.incidents ?? []) this.takeIncident(incident);
    this.settle();
  }

  private receiveArea({ n, tier, whole, people, gone, cells }: Extract<ServerMessage, { t: 'area' }>): void {
    const follows = this.lastArea !== null && n === this.lastArea + 1;
    this.lastArea = n;
    // One missed: only the whole is sure to be right.
    if (!whole && !follows) return this.tellView();
    if (whole) { this.people.clear(); this.counts.clear(); this.tier = tier; }
    this.people.leave(gone ?? []);
    this.people.take(people ?? [], [], now());
    this.counts.take(cells ?? []);
    if (whole || cells) { this.countsDrawn++; this.changed(); }
  }

  async reload(): Promise<void> {
    const askedMs = performance.now();
    await this.attempt(async () => {
      this.takeAll(await this.api.console(), askedMs);
      // The server may have been away when the page was opened.
      this.me ??= await this.api.me();
      this.map ??= await this.api.map();
    });
  }
  /** The answer holds what was open or lately over when it was made; what the feed said since `askedMs` stays. */
  takeAll(all: ConsoleState, askedMs: number): void {
    this.skewMs = Date.parse(all.now) - Date.now();
    this.behind = false;
    this.unreadable = all.unreadable;
    const [trips, incidents] = [new Map(this.trips), new Map(this.incidents)];
    const since = (id: string): boolean => (this.heard.get(id) ?? -1) > askedMs;
    const young = (iso: string | null | undefined, ms: number): boolean => iso != null && this.now() - Date.parse(iso) < ms;
    this.trips.clear();
    this.staff.clear();
    this.incidents.clear();
    for (const trip of trips.values()) {
      if (since(trip.id) || (!isOpen(trip.phase) && young(trip.updated_at, ENDED_SHOWN_MS))) this.trips.set(trip.id, trip);
    }
    for (const incident of incidents.values()) {
      if (since(incident.id) || young(incident.acknowledged_at, TAKEN_SHOWN_MS)) this.incidents.set(incident.id, incident);
    }
    for (const trip of all.trips) {
      // A change may have overtaken the answer.
      const known = trips.get(trip.id);
      const [ours, theirs] = [known?.change_no ?? 0, trip.change_no ?? 0];
      // What the watch sees changes without a change of the trip.
      this.trips.set(trip.id, known && (ours > theirs || (ours === theirs && since(trip.id))) ? known : trip);
    }
    for (const row of all.staff) this.staff.set(row.id, row);
    for (const incident of all.incidents) {
      // A later word of the feed stands; what somebody has taken stays taken.
      const known = incidents.get(incident.id);
      const late = since(incident.id) || (known?.acknowledged_at != null && !incident.acknowledged_at);
      this.incidents.set(incident.id, known && late ? known : incident);
    }
    // Who is neither open nor fresh any more has nothing left to protect from an old answer.
    for (const id of this.heard.keys()) if (!this.trips.has(id) && !this.incidents.has(id)) this.heard.delete(id);
    this.settle();
  }
  private takeTrip(trip: Trip): void {
    const known = this.trips.get(trip.id);
    if (known && (known.change_no ?? 0) > (trip.change_no ?? 0)) return;
    this.trips.set(trip.id, trip);
    this.heard.set(trip.id, performance.now());
    if (!isOpen(trip.phase) && this.reveal.shown === trip.id) this.reveal.hide();
    if (!known) this.loadCells();
    // Who may go depends on the phase; an old list would offer people who are taken.
    if (this.selected === trip.id && known?.phase !== trip.phase) void this.loadCandidates();
  }
  private takeIncident(incident: Incident): void {
    // Once taken it stays taken: a late word about its raising must not ring again.
    if (this.incidents.get(incident.id)?.acknowledged_at && !incident.acknowledged_at) return;
    this.incidents.set(incident.id, incident);
    this.heard.set(incident.id, performance.now());
  }
  private settle(): void {
    const { keyed } = this;
    if (keyed?.id !== this.keyedShown?.id) this.keyedShown = keyed && { id: keyed.id, at: now() };
    this.alarm.ring(this.alarms.some(({ acknowledged_at }) => !acknowledged_at));
    this.changed();
  }

  select(trip: string | null): void {
    if (trip !== this.selected) { this.reveal.hide(); this.refusal = null; }
    this.selected = trip;
    this.candidates = null;
    this.reach = null;
    this.reachAwaited = null;
    this.reachAsked++;
    this.changed();
    void this.loadCandidates();
  }
  get picking(): boolean { return this.pickers.length > 0; }
  isPicking(who: object): boolean { return this.pickers.at(-1) === who; }
  /** From now on, until what it returns is called. */
  pick(who: object): () => void {
    this.pickers.push(who);
    this.changed();
    return () => { this.pickers.splice(this.pickers.indexOf(who), 1); this.changed(); };
  }
  /** Shows or hides from where somebody could be in the open trip's area in time. Asked for by the area, never by the place. */
  async showReach(mode: Mode | null): Promise<void> {
    const trip = this.openTrip;
    const asked = ++this.reachAsked;
    const still = (): boolean => this.reachAsked === asked;
    this.reach = null;
    this.reachAwaited = null;
    this.refusal = null;
    this.changed();
    const at = trip && roughly(trip);
    if (!trip || !at || !mode) return;
    while (still()) {
      const refusal = await failure(async () => {
        const reach = await this.api.isochrones(at, mode, REACH_MINUTES);
        if (still()) this.reach = { mode, ...reach };
      });
      if (!still()) return;
      // Its travel times are made when somebody first asks for them: shown as awaited, and asked for again.
      const isAwaited = refusal instanceof Problem && refusal.code === 'not_yet';
      this.reachAwaited = isAwaited ? mode : null;
      // Why something else was refused meanwhile stays.
      if (refusal && !isAwaited) this.refusal = refusal;
      this.changed();
      if (!isAwaited) return;
      const waitS = refusal.retryAfterS ?? 2;
      await new Promise((resolve) => setTimeout(resolve, waitS * 1_000));
    }
  }
  /** Shows the open trip's exact places for a short time, or hides them again. */
  async toggleReveal(): Promise<void> {
    const trip = this.openTrip;
    if (!trip || trip.concerned === false || !isOpen(trip.phase)) return;
    if (this.reveal.shown === trip.id) return this.reveal.hide();
    await this.press(async () => {
      const places = await this.api.reveal(trip.id, this.alarms.some((alarm) => alarm.trip === trip.id) ? 'alarm' : 'dispatch');
      // Meanwhile another trip may have been opened, this one have ended, or the screen been left.
      const still = this.openTrip;
      if (still?.id === trip.id && isOpen(still.phase) && document.visibilityState !== 'hidden') this.reveal.show(trip.id, places);
    });
  }
  /** Moves the selection along the work list. */
  step(by: 1 | -1): void {
    const list = this.list;
    const at = list.findIndex(({ id }) => id === this.selected);
    const next = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by))];
    if (next) this.select(next.id);
  }
  async loadCandidates(): Promise<void> {
    const trip = this.openTrip;
    if (!trip || trip.concerned === false || !['requested', 'reserved', 'matching', 'offered'].includes(trip.phase)) { this.candidates = null; return; }
    await this.attempt(async () => {
      const list = await this.api.candidates(trip.id);
      if (this.selected === trip.id) this.candidates = { trip: trip.id, list };
    });
  }

  isActing(what: string): boolean { return this.acting.has(`${what} ${this.selected}`); }
  /** Does something to the open trip. */
  async act(what: string, work: () => Promise<Trip>): Promise<boolean> {
    if (this.isActing(what)) return false;
    const acting = `${what} ${this.selected}`;
    this.acting.add(acting);
    this.changed();
    const done = await this.press(async () => this.takeTrip(await work()));
    this.acting.delete(acting);
    this.changed();
    await this.loadCandidates();
    return done;
  }
  /** A one-time code, to be shown and not kept; `null` if it was refused. */
  async giveCode(whose: { account: string } | { trip: string }): Promise<GivenCode | null> {
    let given: GivenCode | null = null;
    await this.press(async () => { given = await this.api.giveCode(whose); });
    return given;
  }
  async acknowledge(incident: string): Promise<void> {
    this.acknowledging.add(incident);
    this.settle();
    await this.press(async () => { this.takeIncident(await this.api.acknowledge(incident)); this.settle(); });
    this.acknowledging.delete(incident);
    this.settle();
  }
  /** The alarm that the key takes: the one that has waited longest, which no newer one pushes from under the finger. */
  get keyed(): Incident | null {
    return this.alarms.findLast(({ id, acknowledged_at, concerned }) => concerned && !acknowledged_at && !this.acknowledging.has(id)) ?? null;
  }
  /** Takes it, once its card has said for a moment that the key does. */
  async acknowledgeKeyed(): Promise<void> {
    const alarm = this.keyed;
    if (alarm && alarm.id === this.keyedShown?.id && now() - this.keyedShown.at >= KEYED_AFTER_MS) await this.acknowledge(alarm.id);
  }

  /** Part of the page that is fetched when it is asked for; of a server that was replaced meanwhile it may be gone. */
  async bring(part: () => Promise<void>): Promise<void> {
    await this.press(() => part().catch(() => { throw new Unreachable(); }));
  }

  get error(): unknown { return this.refusal ?? this.fault; }
  private async attempt(work: () => Promise<void>): Promise<void> {
    this.fault = await failure(work);
    this.changed();
  }
  /** A refusal outlives the fetches that follow it: it is the answer to somebody's press. */
  private async press(work: () => Promise<void>): Promise<boolean> {
    this.refusal = await failure(work);
    this.changed();
    return this.refusal === null;
  }
}

async function failure(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return null;
  } catch (error) {
    return error;
  }
}
