// Owns where everybody is on the map: one entry per staff number, made into one GeoJSON at most `DRAWS_PER_S` times a second
// however many moved. A position older than `HOLLOW_AFTER_S` is marked hollow: by what the
// server said of it, and by this page's own clock when nothing more is heard.
import type { Feature, FeatureCollection } from 'geojson';
import { circleRing, COARSE_M, HOLLOW_AFTER_S } from '../shared/map/overlay';
import type { PersonAt } from '../shared/types';

export const DRAWS_PER_S = 4;
const OFF_SHIFT = 6;
interface Seen { lat: number; lon: number; state: number; acc_m: number; seenMs: number; told: boolean }

export class People {
  private readonly seen = new Map<number, Seen>();
  /** Something changed since the last drawing. */
  private dirty = true;
  private lastHollow = 0;

  get size(): number { return this.seen.size; }
  where(no: number): { lat: number; lon: number } | null { return this.seen.get(no) ?? null; }

  take(people: PersonAt[], gone: number[], nowMs: number): void {
    for (const [no, lat, lon, state, age_s, acc_m] of people) {
      if (state === OFF_SHIFT) this.seen.delete(no);
      else this.seen.set(no, { lat, lon, state, acc_m, seenMs: nowMs - age_s * 1000, told: age_s >= HOLLOW_AFTER_S });
    }
    for (const no of gone) this.seen.delete(no);
    if (people.length > 0 || gone.length > 0) this.dirty = true;
  }
  /** Before those of the same telling are taken: who went from one part of the screen to another is in both. */
  leave(gone: number[]): void {
    for (const no of gone) this.seen.delete(no);
    if (gone.length > 0) this.dirty = true;
  }
  clear(): void { this.seen.clear(); this.dirty = true; }

  /** The picture to draw, or `null` when the last one still holds. Call at most `DRAWS_PER_S` times a second. */
  draw(nowMs: number): { points: FeatureCollection; discs: FeatureCollection } | null {
    const hollow = this.countHollow(nowMs);
    if (!this.dirty && hollow === this.lastHollow) return null;
    this.dirty = false;
    this.lastHollow = hollow;
    const points: Feature[] = [];
    const discs: Feature[] = [];
    for (const [no, at] of this.seen) {
      points.push({
        type: 'Feature', id: no, geometry: { type: 'Point', coordinates: [at.lon, at.lat] },
        properties: { no, state: at.state, hollow: this.isHollow(at, nowMs) },
      });
      if (at.acc_m > COARSE_M) {
        discs.push({ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [circleRing(at, at.acc_m)] } });
      }
    }
    return { points: { type: 'FeatureCollection', features: points }, discs: { type: 'FeatureCollection', features: discs } };
  }

  private isHollow(at: Seen, nowMs: number): boolean { return at.told || nowMs - at.seenMs > HOLLOW_AFTER_S * 1000; }
  private countHollow(nowMs: number): number {
    let count = 0;
    for (const at of this.seen.values()) if (this.isHollow(at, nowMs)) count++;
    return count;
  }
}
