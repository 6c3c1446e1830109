// Owns where this phone says it is: the device's own position, or in a demo a walk along real roads. One source at a time;
// a fix is handed on every `FIX_EVERY_MS`. Keeps nothing but the last one.
import type { Api } from '../shared/api';
import { now } from '../shared/clock';
import { nearestStations } from '../shared/places';
import { Store } from '../shared/store';
import type { FixKind, LatLon, MapInfo, Mode } from '../shared/types';
import { Walk } from './walk';

export const FIX_EVERY_MS = 4_000;
/** After so many beats without a word from a device that had spoken it is asked: a browser that finds its place by Wi-Fi calls back
 * after ten minutes where nothing changes, and who stands still would seem to be silent. */
const QUIET_BEATS = 2;
/** An answer that takes longer is none, and the device is asked again. */
const ANSWER_WITHIN_MS = 10_000;
const DEMO_ACC_M = 8;
/** A demo walk starts at one of the stations nearest to the centre, so that two phones do not begin on one spot. */
const STARTS = 6;
type Report = (at: LatLon, acc_m: number, kind: FixKind, takenAt: number) => void;

export class Locator extends Store {
  demo = false;
  last: LatLon | null = null;
  failed = false;
  private watch: number | null = null;
  private device: { at: LatLon; acc_m: number; takenAt: number } | null = null;
  /** When the device measured last, by its own clock; null until it has. */
  private measured: number | null = null;
  private quiet = 0;
  /** When it was asked last; null when it has answered. */
  private askedAt: number | null = null;
  private walk: Walk | null = null;
  private goal: LatLon | null = null;
  private routing = false;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly api: Api, private readonly report: Report) { super(); }

  start(): void {
    if (this.timer !== null) return;
    if (!this.demo) this.watchDevice();
    this.timer = setInterval(() => this.beat(), FIX_EVERY_MS);
    this.beat();
  }
  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.unwatch();
    this.device = null;
  }

  async useDemo(on: boolean, map: MapInfo, no: number, mode: Mode): Promise<void> {
    this.demo = on;
    this.walk = null;
    this.failed = false;
    this.device = null;
    if (!on) { if (this.timer !== null) this.watchDevice(); this.changed(); return; }
    this.unwatch();
    const centre = { lat: map.center[1], lon: map.center[0] };
    const starts = nearestStations(map, centre, STARTS);
    this.last ??= starts[no % Math.max(1, starts.length)] ?? centre;
    this.mode = mode;
    this.changed();
    await this.plan();
    this.beat();
  }
  mode: Mode = 'walk';

  /** Where the demo should walk to; `null` is a stroll. The device's own position is not steered. */
  async head(goal: LatLon | null): Promise<void> {
    if (goal?.lat === this.goal?.lat && goal?.lon === this.goal?.lon) return;
    this.goal = goal;
    if (this.demo) await this.plan();
  }

  private async plan(): Promise<void> {
    if (!this.last || this.routing) return;
    this.routing = true;
    const goal = this.goal;
    try {
      this.walk = new Walk(await this.api.demoRoute(this.last, goal, this.mode), now());
      this.failed = false;
    } catch {
      this.failed = true;
    } finally {
      this.routing = false;
    }
    this.changed();
    // The goal moved on while the route was being asked for.
    if (goal !== this.goal) await this.plan();
  }

  private beat(): void {
    const nowMs = now();
    if (this.demo) {
      // Also where another way was found before: the goal has moved on since.
      if (this.failed) void this.plan();
      if (this.walk) {
        this.last = this.walk.at(nowMs);
        // A stroll goes on; a goal reached is waited at.
        if (this.walk.over(nowMs) && this.goal === null) void this.plan();
      }
      if (this.last) this.report(this.last, DEMO_ACC_M, 'demo', nowMs);
    } else if (!this.tell() && ++this.quiet >= QUIET_BEATS) {
      this.ask();
    }
    this.changed();
  }
  /** Hands on what the device has measured since it was last told. */
  private tell(): boolean {
    if (!this.device) return false;
    this.report(this.device.at, this.device.acc_m, this.device.acc_m > 500 ? 'network' : 'gps', this.device.takenAt);
    // Said once: an old position sent again with a new number would look fresh to a careless reader.
    this.device = null;
    this.quiet = 0;
    return true;
  }
  private hear({ coords, timestamp }: GeolocationPosition): void {
    // Also what was asked for before the end, and the same measurement again.
    if (this.watch === null || timestamp === this.measured) return;
    this.measured = timestamp;
    this.last = { lat: coords.latitude, lon: coords.longitude };
    const age = Math.max(0, Date.now() - timestamp);
    this.device = { at: this.last, acc_m: coords.accuracy, takenAt: now() - age };
    this.failed = false;
  }
  private ask(): void {
    // Before its first word the owner may not have said yet whether it may speak.
    if (this.measured === null) return;
    // A page that was frozen meanwhile may never hear the answer.
    if (this.askedAt !== null && Date.now() - this.askedAt < 3 * ANSWER_WITHIN_MS) return;
    this.askedAt = Date.now();
    navigator.geolocation.getCurrentPosition(
      (position) => {
        this.askedAt = null;
        this.hear(position);
        if (this.tell()) this.changed();
      },
      // What is wrong is said to the watch.
      () => { this.askedAt = null; },
      { enableHighAccuracy: true, maximumAge: 0, timeout: ANSWER_WITHIN_MS },
    );
  }

  private watchDevice(): void {
    if (this.watch !== null) return;
    this.watch = navigator.geolocation.watchPosition(
      (position) => this.hear(position),
      () => { this.failed = true; this.changed(); },
      { enableHighAccuracy: true, maximumAge: FIX_EVERY_MS },
    );
  }
  private unwatch(): void {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
    this.measured = null;
    this.askedAt = null;
    this.quiet = 0;
  }
}
