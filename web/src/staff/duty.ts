// Owns what a staff phone knows and has to say: shift, the one offer, the one trip, taps and fixes waiting to be sent.
// Invariants: while somebody counts on this phone its position is sent, whatever became of the shift; when a trip is gone,
// nothing of it stays: not its places, its words, its taps or where its crew was; nor does any of it on a page that hears no more.
import { mayChange, Problem, type Api } from '../shared/api';
import { now } from '../shared/clock';
import { openSocket } from '../shared/connection';
import { Countdown, wholeSeconds } from '../shared/countdown';
import { freshKey } from '../shared/key';
import { FixQueue, TapQueue, type Tap } from '../shared/queue';
import type { LinkState, Outcome, Socket } from '../shared/socket';
import { holdForCall, Sos } from '../shared/sos';
import { Store } from '../shared/store';
import type { CrewSeen } from '../shared/Eta';
import { Trouble } from '../shared/trouble';
import { Delayed, sendWhenLeft } from '../shared/undo';
import type { Card, MapInfo, Me, Mode, Next, Offer, Phase, ServerMessage, Shift, Trip } from '../shared/types';
import { Locator } from './locator';
import { WayAhead } from './way';

/** The one next tap of each phase, in order. */
export const NEXT: Partial<Record<Phase, Phase>> = {
  assigned: 'en_route', en_route: 'arrived', arrived: 'met', met: 'escorting', escorting: 'completed',
};

export const BEFORE_MET: readonly Phase[] = ['assigned', 'en_route', 'arrived'];

/** How often and for how long the card is asked for again after a tap whose effect this phone has not seen. */
export const LOOK_AGAIN_MS = 2_000;
export const LOOKS_MAX = 150;
/** The end of a shift that the server does not see yet is looked for again no sooner. */
export const SHIFT_LOOK_MS = 5_000;
/** "Your position is being sent" is said while the last one that went out is no older: half of what the matcher bears. */
export const SEEN_MS = 30_000;

export class Duty extends Store {
  me: Me | null = null;
  map: MapInfo | null = null;
  shift: Shift | null = null;
  /** Whether the server has said once what this phone holds: before that, no shift is not "off shift". */
  known = false;
  offer: Offer | null = null;
  countdown: Countdown | null = null;
  trip: Trip | null = null;
  /** What follows the trip. */
  next: Next | null = null;
  crewAt: CrewSeen | null = null;
  link: LinkState = { kind: 'connecting' };
  /** Why the last card went away, until the next one comes. */
  gone: { kind: 'offer' | 'trip' | 'next'; reason: string } | null = null;
  readonly trouble = new Trouble();
  readonly sos: Sos;
  readonly locator: Locator;
  readonly ahead: WayAhead;
  readonly later = new Delayed();
  /** The trip whose last tap the server has taken, but whose card this phone has not seen since. */
  private settling: string | null = null;
  /** Counts the messages that changed the picture, so that an answer asked for earlier cannot bring back what is gone. */
  private heard = 0;
  private setOutAtMs = 0;
  private asked: { what: 'drop_out' | 'no_show'; trip: string } | null = null;
  private learning = false;
  /** Why who this is or the map is not known, while that is asked for again. */
  private lack: unknown = null;
  private looking = false;
  private lookAgain = false;
  private closed = false;
  private readonly taps: TapQueue;
  private readonly fixes = new FixQueue();
  private socket: Socket | null = null;
  private stopSocket: (() => void) | null = null;
  private stopWaiting: (() => void) | null = null;
  private shiftTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly api: Api, private readonly pause: (ms: number) => Promise<void> = sleep) {
    super();
    this.sos = new Sos(api);
    this.locator = new Locator(api, (at, acc, kind, takenAt) => { this.fixes.add(at, acc, kind, takenAt); this.flushFixes(); });
    this.ahead = new WayAhead(api);
    this.locator.subscribe(() => this.lookAhead());
    this.taps = new TapQueue(
      (id, message) => this.socket?.ask(id, message) ?? Promise.resolve(null),
      (tap, outcome) => this.answered(tap, outcome),
      freshKey().slice(0, 8),
    );
    this.later.subscribe(() => this.changed());
    // A trip in which somebody calls for help is not over.
    this.sos.subscribe(() => { if (this.sos.state === 'sending') this.later.undo(); this.changed(); });
  }

  open(): void {
    const { socket, stop } = openSocket(this.api, {
      message: (message) => this.receive(message),
      reload: () => void this.reload(),
      link: (link) => this.heardOfLink(link),
      heard: () => this.fixes.heard(now()),
      fixesHeard: (seq) => this.fixes.heardUpTo(seq),
    });
    this.socket = socket;
    this.stopSocket = stop;
    this.stopWaiting = sendWhenLeft(this.later);
    void this.reload();
  }
  close(): void {
    this.closed = true;
    clearTimeout(this.shiftTimer);
    this.stopWaiting?.();
    this.sos.stop();
    this.locator.stop();
    this.stopSocket?.();
  }
  comeBack(): void {
    this.socket?.takeOver();
    void this.reload();
  }

  /** Whether anybody counts on this phone: a shift, a trip that outlasts it, an offer, a call for help. */
  get working(): boolean {
    return Boolean(this.shift || this.trip || this.offer) || ['sending', 'sent', 'taken'].includes(this.sos.state);
  }
  /** Whether a position of the last moments has gone out, into a line from which something is heard now and then. */
  get isSeen(): boolean {
    return now() - this.fixes.handedAt <= SEEN_MS && now() - (this.fixes.unprovenSince ?? now()) <= SEEN_MS;
  }
  /** Where the position comes from follows the work, whichever message or timer changed it. */
  protected override changed(): void {
    if (this.working && !this.closed) this.locator.start();
    else { this.locator.stop(); this.fixes.forget(); }
    super.changed();
  }

  get waitingTaps(): number { return this.taps.waiting.length; }
  get waitingFixes(): number { return this.fixes.length; }
  /** From when on the server takes "set out", while that is still to come. By this page's own count: a phone's clock may be wrong. */
  get setOutFrom(): string | null { return now() < this.setOutAtMs ? (this.trip?.set_out?.from ?? null) : null; }
  /** Whether an answer to the offer or a status of the trip is on its way, or its effect not seen yet. */
  isSaying(what: string): boolean {
    return this.settling === what || this.later.about === what || this.taps.waiting.some(({ message }) => message['offer'] === what || message['trip'] === what);
  }

  /** Whether something that a fetch would bring is not there. */
  private get isMissing(): boolean { return !this.known || !this.me || !this.map || this.trouble.fault !== null; }
  private async reload(): Promise<void> { await Promise.all([this.learn(), this.look(), this.sos.look()]); }
  /** Asks who this is and for the map, which no message brings, until both are known. The card waits for neither. */
  private async learn(): Promise<void> {
    if (this.learning) return;
    this.learning = true;
    for (let tries = 0; !(this.me && this.map) && tries < LOOKS_MAX && !this.hasStopped; tries++) {
      try {
        this.me ??= await this.api.me();
        this.sos.belongsTo(this.me.account);
        this.map ??= await this.api.map();
        if (this.trouble.fault === this.lack) this.trouble.fault = null;
        this.lack = null;
      } catch (error) {
        this.lack = this.trouble.fault = error;
        if (!mayChange(error)) break;
        this.changed();
        await this.pause(LOOK_AGAIN_MS);
      }
    }
    this.learning = false;
    this.changed();
  }
  private heardOfLink(link: LinkState): void {
    this.link = link;
    if (link.kind === 'open') {
      void this.taps.flush();
      this.flushFixes();
      if (this.settling || this.isMissing) void this.reload();
    } else this.fixes.lost();
    if (link.kind === 'stopped' && !this.closed) this.drop();
    this.changed();
  }
  /** This page hears no more: what it holds may have been taken back, and nobody would tell it. */
  private drop(): void {
    this.heard++;
    this.known = false;
    this.setShift(null);
    if (this.offer) this.taps.forget(this.offer.trip);
    this.setOffer(null);
    if (this.trip) this.forgetTrip(this.trip.id);
  }
  private takeCard(card: Card): void {
    this.known = true;
    this.setShift(card.shift);
    this.setOffer(card.offer);
    if (this.trip && this.trip.id !== card.trip?.id) this.forgetTrip(this.trip.id);
    this.setTrip(card.trip);
    this.next = card.next ?? null;
  }

  receive(message: ServerMessage): void {
    if (message.t === 'offer' || message.t === 'offer_closed' || message.t === 'trip' || message.t === 'next' || message.t === 'trip_gone') this.heard++;
    switch (message.t) {
      case 'offer': this.gone = null; this.setOffer(message.offer); break;
      case 'offer_closed':
        if (this.offer?.id !== message.offer) break;
        this.setOffer(null);
        if (message.reason !== 'answered') this.gone = { kind: 'offer', reason: message.reason };
        break;
      case 'partner':
        if (this.offer?.id === message.offer) this.offer = { ...this.offer, partner: message.partner };
        break;
      case 'trip':
        this.gone = null;
        this.settled(message.trip.id);
        this.setTrip(message.trip);
        break;
      case 'next': this.gone = null; this.settled(message.next.trip); this.next = message.next; break;
      case 'trip_gone':
        this.gone = { kind: this.next?.trip === message.trip ? 'next' : 'trip', reason: message.reason };
        this.forgetTrip(message.trip);
        break;
      case 'crew_at':
        if (this.trip?.id === message.trip) this.crewAt = { crew: message.crew, later: message.later, at: now() };
        break;
      case 'sos_taken': this.sos.taken(message.incident); break;
      default: break;
    }
    this.changed();
  }

  async startShift(mode: Mode, hours: number): Promise<void> {
    await this.trouble.press(async () => { this.setShift(await this.api.startShift(mode, hours)); this.gone = null; });
    this.changed();
  }
  async endShift(): Promise<void> {
    await this.trouble.press(async () => { await this.api.endShift(); this.setShift(null); });
    this.changed();
  }
  answer(accept: boolean): void {
    if (!this.offer || this.isSaying(this.offer.id)) return;
    this.say({ t: 'answer', offer: this.offer.id, accept }, this.offer.trip);
  }
  status(to: Phase): void {
    if (!this.trip) return;
    // A missing rider is an alarm: it waits its turn behind another tap, and only its own repeat says nothing new.
    const unsaid = to === 'no_show' ? !this.taps.waiting.some(({ message }) => message['to'] === to) : !this.isSaying(this.trip.id);
    if (unsaid) this.say({ t: 'status', trip: this.trip.id, to }, this.trip.id);
  }
  /** The end takes everything off this phone, so it can be taken back for a moment. */
  completeLater(): void {
    if (!this.trip || this.isSaying(this.trip.id)) return;
    this.later.begin('completed', this.trip.id, async () => this.status('completed'));
  }
  /** Asks before what cannot be undone; `null` takes the question back. */
  ask(what: 'drop_out' | 'no_show' | null): void { this.asked = what && this.trip && { what, trip: this.trip.id }; this.changed(); }
  /** What is asked of this trip. No question outlives the trip or the phases it is about. */
  askedOf(trip: Trip): 'drop_out' | 'no_show' | null {
    if (this.asked?.trip !== trip.id) return null;
    const stands = this.asked.what === 'drop_out' ? BEFORE_MET.includes(trip.phase) : ownPhase(trip) === 'arrived';
    return stands ? this.asked.what : null;
  }
  dropOut(trip: string): void { if (!this.isSaying(trip)) this.say({ t: 'drop_out', trip }, trip); }

  private say(message: Record<string, unknown>, trip: string): void {
    this.trouble.refusal = this.taps.add(message, trip) ? null : new Problem('too_many_taps', 0, null, null, []);
    this.changed();
  }

  private answered(tap: Tap, outcome: Outcome): void {
    if (!outcome.ok) {
      this.trouble.refusal = new Problem(outcome.code, 409, null, null, []);
      // The phone's picture was wrong: ask for the right one.
      void this.look();
    } else if (tap.message['t'] === 'answer' && this.offer?.id === tap.message['offer']) {
      if (tap.message['accept'] === true) this.accepted = String(tap.message['offer']);
      else this.setOffer(null);
    } else if (tap.message['t'] === 'drop_out' && tap.trip) {
      this.forgetTrip(tap.trip);
    } else if (tap.message['t'] === 'status') {
      // The others are told of a status; who said it asks, and until it knows shows no next action.
      this.settling = tap.trip;
      void this.look();
    }
    this.changed();
  }
  /** Asks for the card until an answer came that no message has overtaken. */
  private async look(): Promise<void> {
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    for (let tries = 0; this.lookAgain && tries < LOOKS_MAX && !this.hasStopped; tries++) {
      const heard = this.heard;
      this.lookAgain = false;
      try {
        const card = await this.api.card();
        if (heard !== this.heard || this.lookAgain) { this.lookAgain = true; continue; }
        this.takeCard(card);
        this.trouble.fault = this.lack;
      } catch (error) {
        this.trouble.fault = error;
        this.lookAgain = mayChange(error);
        this.changed();
        if (this.lookAgain) await this.pause(LOOK_AGAIN_MS);
      }
    }
    this.looking = this.lookAgain = false;
    this.settling = null;
    this.changed();
  }
  private get hasStopped(): boolean { return this.closed || this.link.kind === 'stopped'; }
  /** The offer this phone has said yes to while the other one is still asked. */
  accepted: string | null = null;

  private setShift(shift: Shift | null): void {
    this.shift = shift;
    clearTimeout(this.shiftTimer);
    if (!shift) return;
    this.locator.mode = shift.mode;
    // It ends whether or not a message comes; whatever outlasts it the server's word says.
    const leftMs = Date.parse(shift.ends_at) - (Date.now() + this.api.skewMs);
    this.shiftTimer = setTimeout(() => { this.setShift(null); this.changed(); void this.look(); }, Math.max(leftMs, SHIFT_LOOK_MS));
  }
  private setOffer(offer: Offer | null): void {
    const same = offer !== null && offer.id === this.offer?.id;
    this.offer = offer;
    if (!offer) { this.countdown = null; this.accepted = null; return; }
    this.countdown = new Countdown(offer.expires_in_s, wholeSeconds(offer.offered_at, offer.expires_at), now());
    // What was refused was said of another one.
    if (!same) this.accepted = this.trouble.refusal = null;
    // Said yes before this page was opened.
    if (offer.state === 'accepted') this.accepted = offer.id;
  }
  /** What was an offer of this trip, or to follow, is neither any more. */
  private settled(trip: string): void {
    if (this.offer?.trip === trip) this.setOffer(null);
    if (this.next?.trip === trip) this.next = null;
  }
  private setTrip(trip: Trip | null): void {
    if (trip && this.trip?.id === trip.id && (this.trip.change_no ?? 0) > (trip.change_no ?? 0)) return;
    this.trip = trip;
    this.setOutAtMs = trip?.set_out ? now() + trip.set_out.in_s * 1000 : 0;
    void this.locator.head(goalOf(trip));
    this.lookAhead();
  }
  private lookAhead(): void { this.ahead.follow(this.trip, this.locator.last, now()); }
  private forgetTrip(trip: string): void {
    this.taps.forget(trip);
    if (this.later.about === trip) this.later.undo();
    if (this.settling === trip) this.settling = null;
    if (this.next?.trip === trip) this.next = null;
    if (this.trip?.id !== trip) return;
    this.trip = null;
    this.crewAt = null;
    void this.locator.head(null);
    this.lookAhead();
  }

  private flushFixes(): void {
    this.fixes.flush(now(), (fixes) => this.socket?.tell({ t: 'fix', fixes }, true) ?? false);
  }

  /** Signing out waits a moment for a call for help that is on its way. */
  async leave(): Promise<void> { await holdForCall(); }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** On the way each member has an own phase (the trip shows the slowest); from the meeting on they share the trip's. */
export function ownPhase(trip: Trip): Phase {
  const apart = trip.phase === 'assigned' || trip.phase === 'en_route';
  return (apart ? trip.crew?.find(({ you }) => you)?.phase : null) ?? trip.phase;
}
/** The next tap of this member, or `null` while only the partner can go on. */
export function nextTap(trip: Trip): Phase | null {
  const own = ownPhase(trip);
  if (own === 'arrived' && trip.phase !== 'arrived') return null;
  return NEXT[own] ?? null;
}

/** Where the trip asks this phone to go next: the meeting point, then, once met, the end. */
export function goalOf(trip: Trip | null): { lat: number; lon: number } | null {
  if (!trip) return null;
  return (trip.phase === 'met' || trip.phase === 'escorting' ? trip.dropoff : trip.pickup) ?? null;
}
