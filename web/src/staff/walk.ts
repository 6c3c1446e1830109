// Owns a position that moves along a polyline at a steady speed: the demo's stand-in for a person walking. Pure; time is given.
import { metresApart } from '../shared/places';
import type { LatLon, Route } from '../shared/types';

export class Walk {
  private readonly points: LatLon[];
  private readonly reached: number[] = [0];
  private readonly speed: number;

  constructor(route: Route, private readonly startedMs: number) {
    this.points = route.points.map(([lon, lat]) => ({ lat, lon }));
    for (let i = 1; i < this.points.length; i++) {
      this.reached.push(this.reached[i - 1]! + metresApart(this.points[i - 1]!, this.points[i]!));
    }
    this.speed = this.length / Math.max(1, route.duration_s);
  }
  get length(): number { return this.reached[this.reached.length - 1]!; }
  over(nowMs: number): boolean { return this.metres(nowMs) >= this.length; }

  at(nowMs: number): LatLon {
    const metres = this.metres(nowMs);
    const next = this.reached.findIndex((reached) => reached > metres);
    if (next < 1) return this.points[next === 0 ? 0 : this.points.length - 1]!;
    const from = this.points[next - 1]!, to = this.points[next]!;
    const share = (metres - this.reached[next - 1]!) / (this.reached[next]! - this.reached[next - 1]!);
    return { lat: from.lat + (to.lat - from.lat) * share, lon: from.lon + (to.lon - from.lon) * share };
  }
  private metres(nowMs: number): number { return Math.max(0, ((nowMs - this.startedMs) / 1000) * this.speed); }
}
