// Owns what the rider's page knows: trips, series, where the crew is. The server's word is the only source of a trip's phase.
import { mayChange, Unreachable, type Api } from '../shared/api';
import { now as clock } from '../shared/clock';
import { openSocket } from '../shared/connection';
import type { CrewSeen } from '../shared/Eta';
import { Trouble } from '../shared/trouble';
import { Delayed, sendWhenLeft } from '../shared/undo';
import { holdForCall, Sos } from '../shared/sos';
import type { LinkState, Socket } from '../shared/socket';
import { Store } from '../shared/store';
import { isOpen, type MapInfo, type Me, type Phase, type Series, type ServerMessage, type Trip } from '../shared/types';
import { Pending } from './draft';
import { ReadEnds } from './read';

/** How often a booking whose answer was lost is asked for again. */
const PENDING_RETRY_MS = 3_000;
/** A fetch that failed is made again after so long. */
export const RELOAD_RETRY_MS = 2_000;
/** The phases in which a rider can still call it off. */
export const CANCELLABLE: readonly Phase[] = ['requested', 'reserved', 'matching', 'offered', 'assigned', 'en_route', 'arrived'];

export class Rider extends Store {
  me: Me | null = null;
  map: MapInfo | null = null;
  trips: Trip[] = [];
  /** Whether the server has said once what trips there are: before that, asking again would be asking twice. */
  known = false;
  series: Series[] = [];
  link: LinkState = { kind: 'connecting' };
  crewAt = new Map<string, CrewSeen>();
  readonly pending: Pending;
  readonly sos: Sos;
  readonly later = new Delayed();
  readonly trouble = new Trouble();
  private readonly read = new ReadEnds();
  private stopWaiting: (() => void) | null = null;
  private stopSocket: (() => void) | null = null;
  private socket: Socket | null = null;
  private ended = false;
  /** The trip that ended on this screen: shown until its owner has read how. */
  private finished: string | null = null;
  private chosen: string | null = null;
  private reloadTimer: ReturnType<typeof setTimeout> | undefined;
  /** The trip of which it is asked whether to call it off. */
  private asked: string | null = null;
  /** A booking's answer was lost and is being asked for again. */
  retrying = false;

  constructor(readonly api: Api, private readonly now: () => number = clock) {
    super();
    this.pending = new Pending();
    this.sos = new Sos(api);
    this.later.subscribe(() => this.changed());
    // Who calls for help needs the crew: a cancellation that has not gone out is taken back.
    this.sos.subscribe(() => { if (this.sos.state === 'sending' && this.later.what === 'cancel') this.later.undo(); });
  }

  open(): void {
    const { socket, stop } = openSocket(this.api, {
      message: (message) => this.receive(message),
      reload: () => void this.reload(),
      link: (link) => this.heardOfLink(link),
    });
    this.socket = socket;
    this.stopSocket = stop;
    this.stopWaiting = sendWhenLeft(this.later);
    void this.reload();
  }
  close(): void {
    this.ended = true;
    clearTimeout(this.reloadTimer);
    this.stopWaiting?.();
    this.sos.stop();
    this.stopSocket?.();
  }
  comeBack(): void {
    this.socket?.takeOver();
    void this.reload();
  }
  private heardOfLink(link: LinkState): void {
    this.link = link;
    if (link.kind === 'stopped') this.drop();
    this.changed();
  }
  /** This page hears no more: where somebody is or will be is for nobody who finds it open. */
  private drop(): void {
    this.trips = [];
    this.series = [];
    this.crewAt.clear();
    this.known = false;
  }
  private get hasStopped(): boolean { return this.ended || this.link.kind === 'stopped'; }

  /** Fetches everything, and again until it succeeds: no message brings what a lost answer held. */
  async reload(): Promise<void> {
    clearTimeout(this.reloadTimer);
    void this.sos.look();
    let failure: unknown = null;
    await this.trouble.fetch(() => this.fetchAll(), (error) => { this.trouble.fault = failure = error; });
    if (mayChange(failure) && !this.hasStopped) this.reloadTimer = setTimeout(() => void this.reload(), RELOAD_RETRY_MS);
    this.changed();
  }
  private async fetchAll(): Promise<void> {
    if (!this.me) this.belongsTo(this.me = await this.api.me());
    const series = this.api.series();
    series.catch(() => {});
    const trips = await this.api.trips();
    if (this.hasStopped) return;
    const shown = this.current;
    this.trips = this.newest(trips);
    this.finished ??= this.known ? this.endOf(shown) : this.unreadEnd();
    this.known = true;
    this.changed();
    // The trips are told without these.
    this.series = await series;
    this.map ??= await this.api.map();
  }
  /** What this account left behind when the page was last closed goes on. */
  private belongsTo({ account }: Me): void {
    this.sos.belongsTo(account);
    this.pending.belongsTo(account);
    void this.retryPending();
  }
  private endOf(shown: Trip | null): string | null {
    return this.trips.find(({ id, phase }) => id === shown?.id && !isOpen(phase))?.id ?? null;
  }
  /** How the last trip ended while nobody looked, unless all went well since or another one is under way. */
  private unreadEnd(): string | null {
    if (this.trips.some(({ phase }) => isOpen(phase) && phase !== 'reserved')) return null;
    const ended = this.trips.filter(({ phase }) => !isOpen(phase)).sort((a, b) => (b.change_no ?? 0) - (a.change_no ?? 0));
    const well = ended.findIndex(({ phase }) => phase === 'completed');
    return ended.slice(0, well < 0 ? undefined : well).find(({ id }) => !this.read.has(id))?.id ?? null;
  }

  /** A message may have overtaken the answer: of each trip the later state stands. */
  private newest(trips: Trip[]): Trip[] {
    const known = new Map(this.trips.map((trip) => [trip.id, trip]));
    return trips.map((trip) => {
      const other = known.get(trip.id);
      return other && (other.change_no ?? 0) > (trip.change_no ?? 0) ? other : trip;
    });
  }

  /** Its owner has read how it ended; the list below told of the others. */
  dismiss(): void {
    if (this.finished) this.read.add(this.trips.filter(({ phase }) => !isOpen(phase)).map(({ id }) => id));
    this.finished = null;
    this.trouble.refusal = null;
    this.changed();
  }
  /** Shows this trip instead of the nearest one, until it ends or another is asked for; `null` the nearest again. */
  show(trip: string | null): void {
    this.chosen = trip;
    this.dismiss();
    if (trip !== null && !this.trips.some(({ id }) => id === trip)) void this.reload();
  }

  /** The trip to show: the one that just ended, the one under way, else the nearest to come. */
  get current(): Trip | null {
    const finished = this.trips.find((trip) => trip.id === this.finished);
    if (finished) return finished;
    const open = this.trips.filter((trip) => isOpen(trip.phase));
    const chosen = open.find((trip) => trip.id === this.chosen);
    if (chosen) return chosen;
    const underWay = open.filter((trip) => trip.phase !== 'reserved');
    const byTime = (a: Trip, b: Trip): number =>
      (a.pickup_at ?? a.requested_at ?? '').localeCompare(b.pickup_at ?? b.requested_at ?? '');
    return underWay.sort(byTime)[0] ?? open.sort(byTime)[0] ?? null;
  }

  receive(message: ServerMessage): void {
    if (message.t === 'trip') this.take(message.trip);
    else if (message.t === 'crew_at') this.crewAt.set(message.trip, { crew: message.crew, later: message.later, at: this.now() });
    else if (message.t === 'sos_taken') this.sos.taken(message.incident);
    this.changed();
  }

  /** Keeps the newer of what is known and what came; an answer may be overtaken by a message. */
  take(trip: Trip): void {
    const known = this.trips.find((other) => other.id === trip.id);
    if (known && (known.change_no ?? 0) > (trip.change_no ?? 0)) return;
    if (!isOpen(trip.phase) && this.current?.id === trip.id) this.finished = trip.id;
    this.trips = known ? this.trips.map((other) => (other.id === trip.id ? trip : other)) : [trip, ...this.trips];
    if (!isOpen(trip.phase)) this.crewAt.delete(trip.id);
    if (this.later.about === trip.id && !CANCELLABLE.includes(trip.phase)) this.later.undo();
    this.changed();
  }

  /** Asks whether to call off this trip; `null` takes the question back. */
  askCancel(trip: string | null): void { this.asked = trip; this.changed(); }
  /** A question is about one trip, and only while that can still be called off. */
  isAsked({ id, phase }: Trip): boolean { return this.asked === id && CANCELLABLE.includes(phase); }
  cancelLater(trip: string): void { this.asked = null; this.later.begin('cancel', trip, () => this.cancel(trip)); }
  skipLater(series: string, date: string): void { this.later.begin('skip', series, () => this.skip(series, date)); }
  async cancel(trip: string): Promise<void> { await this.callOff(async () => this.take(await this.api.cancel(trip))); }
  async skip(series: string, date: string): Promise<void> {
    await this.callOff(async () => { await this.api.skip(series, date); }, () => this.reload());
  }
  async endSeries(series: string): Promise<void> {
    await this.callOff(async () => { await this.api.endSeries(series); }, () => this.reload());
  }
  /** What its owner called off besides the trip on the screen is no news to them when they come back. */
  private async callOff(work: () => Promise<void>, then = async (): Promise<void> => {}): Promise<void> {
    const open = this.trips.filter(({ phase }) => isOpen(phase)).map(({ id }) => id);
    await this.trouble.press(work);
    await then();
    const shown = this.current?.id;
    this.read.add(this.trips.filter(({ id, phase }) => phase === 'cancelled' && id !== shown && open.includes(id)).map(({ id }) => id));
    this.changed();
  }

  /** Asks again for a booking whose answer was lost, until it is known. */
  async retryPending(): Promise<void> {
    if (this.retrying) return;
    this.retrying = this.pending.body !== null;
    while (!this.ended && this.pending.body) {
      this.changed();
      try {
        const booked = await this.pending.send(this.api, this.pending.body);
        // What was refused before is done now.
        this.trouble.refusal = null;
        for (const trip of booked.trips) this.take(trip);
        await this.reload();
      } catch (error) {
        this.trouble.refuse(error);
        this.changed();
        if (this.pending.body) await new Promise((resolve) => setTimeout(resolve, PENDING_RETRY_MS));
      }
    }
    this.retrying = false;
    if (this.trouble.fault instanceof Unreachable) this.trouble.fault = null;
    this.changed();
  }
  /** Signing out: what waits goes out; what had no answer is not the next one's to send, nor what was read theirs to find. */
  async leave(): Promise<void> {
    await this.later.send();
    await holdForCall();
    this.pending.clear();
    this.read.clear();
  }
}
