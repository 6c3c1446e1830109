// Owns how a place is spoken of and drawn while it is not revealed: by its cell and by the district nearby, never finer.
import { language, t } from '../shared/i18n';
import { metresApart } from '../shared/places';
import type { Cell, LatLon, MapInfo, Trip } from '../shared/types';

/** The cell a point lies in, among those the server counted; `null` until it has counted that one. */
export function cellOf(cells: readonly Cell[], at: LatLon): Cell | null {
  return cells.find(({ boundary }) => isWithin(boundary, at)) ?? null;
}

/** Even-odd rule over a ring of `[lon, lat]`. */
function isWithin(ring: readonly [number, number][], { lat, lon }: LatLon): boolean {
  let inside = false;
  ring.forEach(([x, y], i) => {
    const [px, py] = ring[(i + ring.length - 1) % ring.length]!;
    if ((y > lat) !== (py > lat) && lon < ((px - x) * (lat - y)) / (py - y) + x) inside = !inside;
  });
  return inside;
}

/** The middle of a cell: the one point that says nothing about where in it a place is. */
export function middle({ boundary }: Cell): LatLon {
  const mean = (axis: 0 | 1): number => boundary.reduce((sum, corner) => sum + corner[axis], 0) / boundary.length;
  return { lat: mean(1), lon: mean(0) };
}

/** "near Gangnam-gu", or that the place is hidden when the map names no district. */
export function areaName(map: MapInfo | null, at: LatLon): string {
  const [first, ...rest] = map?.districts ?? [];
  if (!first) return t('place.hidden');
  const nearest = rest.reduce((best, one) => (metresApart(one, at) < metresApart(best, at) ? one : best), first);
  return t('place.near', { name: language.lang === 'ko' ? nearest.name : nearest.name_en });
}

/** Roughly where a trip begins: its area, which is all that consoles are told. */
export function roughly({ area }: Trip): LatLon | undefined { return area; }

export interface Group { at: LatLon; cell: Cell; trips: string[]; escalated: boolean }
/** Trips by the cell of their meeting point, those a human owns apart from the others. */
export function groupByCell(trips: Iterable<Trip>, cells: readonly Cell[]): Group[] {
  const groups = new Map<string, Group>();
  for (const trip of trips) {
    const at = roughly(trip);
    const cell = at && cellOf(cells, at);
    if (!cell) continue;
    const escalated = trip.escalated === true;
    const key = `${cell.cell}${escalated}`;
    const group = groups.get(key) ?? { at: middle(cell), cell, trips: [], escalated };
    group.trips.push(trip.id);
    groups.set(key, group);
  }
  return [...groups.values()];
}
/** Which trip of a group a click opens: each click the next one. */
export function nextOf(trips: readonly string[], selected: string | null): string | null {
  return trips[(trips.indexOf(selected ?? '') + 1) % trips.length] ?? null;
}
