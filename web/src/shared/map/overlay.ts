// Owns what a phone draws over the base map: pins, crew, itself, a coarse area. Pure data in, GeoJSON out; `layers` says how
// each role looks. A position older than `HOLLOW_AFTER_S` is drawn hollow: never as "here".
import type { Feature, FeatureCollection } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';
import type { LatLon } from '../types';

export const HOLLOW_AFTER_S = 15;
/** A fix worse than this draws its circle. */
export const COARSE_M = 200;
const CIRCLE_POINTS = 48;
const M_PER_DEGREE = 111_320;

export type Mark =
  | { role: 'pickup' | 'dropoff' | 'me'; at: LatLon; label?: string }
  /** Words only: where a pin stands that draws itself. */
  | { role: 'name'; at: LatLon; label: string }
  | { role: 'crew'; at: LatLon; label: string; age_s: number; acc_m: number }
  | { role: 'area'; at: LatLon; radius_m: number };

/** A circle on the ground as a ring of `[lon, lat]`; exact enough below 50 km. */
export function circleRing(at: LatLon, radius_m: number): [number, number][] {
  const dLat = radius_m / M_PER_DEGREE;
  const dLon = dLat / Math.cos((at.lat * Math.PI) / 180);
  return Array.from({ length: CIRCLE_POINTS + 1 }, (_, i) => {
    const angle = (2 * Math.PI * (i % CIRCLE_POINTS)) / CIRCLE_POINTS;
    return [at.lon + dLon * Math.cos(angle), at.lat + dLat * Math.sin(angle)];
  });
}
const disc = (role: string, at: LatLon, radius_m: number): Feature => ({
  type: 'Feature', properties: { role }, geometry: { type: 'Polygon', coordinates: [circleRing(at, radius_m)] },
});

function features(mark: Mark): Feature[] {
  if (mark.role === 'area') return [disc('area', mark.at, mark.radius_m)];
  const hollow = mark.role === 'crew' && mark.age_s > HOLLOW_AFTER_S;
  const point: Feature = {
    type: 'Feature', properties: { role: mark.role, label: mark.label ?? '', hollow },
    geometry: { type: 'Point', coordinates: [mark.at.lon, mark.at.lat] },
  };
  return mark.role === 'crew' && mark.acc_m > COARSE_M ? [disc('error', mark.at, mark.acc_m), point] : [point];
}
/** The marks, above the line of a way. */
export function overlay(marks: Mark[], way: [number, number][] = []): FeatureCollection {
  const line: Feature[] = way.length > 1 ? [{ type: 'Feature', properties: { role: 'way' }, geometry: { type: 'LineString', coordinates: way } }] : [];
  return { type: 'FeatureCollection', features: [...line, ...marks.flatMap(features)] };
}

const COLOR = ['match', ['get', 'role'], 'pickup', '#0b6e4f', 'dropoff', '#7a3fa0', 'me', '#1f6feb', '#d1560f'];
export const OVERLAY_LAYERS: LayerSpecification[] = [
  {
    id: 'o-disc', type: 'fill', source: 'overlay', filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': '#1f6feb', 'fill-opacity': ['match', ['get', 'role'], 'area', 0.18, 0.08] },
  },
  {
    id: 'o-rim', type: 'line', source: 'overlay', filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'line-color': '#1f6feb', 'line-width': 2, 'line-dasharray': [2, 2] },
  },
  {
    id: 'o-way', type: 'line', source: 'overlay', filter: ['==', ['geometry-type'], 'LineString'],
    layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': '#1f6feb', 'line-width': 6, 'line-opacity': 0.75 },
  },
  {
    id: 'o-point', type: 'circle', source: 'overlay', filter: ['all', ['==', ['geometry-type'], 'Point'], ['!=', ['get', 'role'], 'name']],
    paint: {
      'circle-radius': ['match', ['get', 'role'], 'me', 7, 9],
      'circle-color': ['case', ['get', 'hollow'], '#ffffff', COLOR as unknown as string],
      'circle-stroke-color': ['case', ['get', 'hollow'], COLOR as unknown as string, '#ffffff'], 'circle-stroke-width': 3,
    },
  },
  {
    id: 'o-label', type: 'symbol', source: 'overlay', filter: ['!=', ['coalesce', ['get', 'label'], ''], ''],
    layout: {
      'text-field': ['get', 'label'], 'text-font': ['sans-serif'], 'text-size': 13, 'text-allow-overlap': true,
      // Whoever stands at a place is named above it, the place below.
      'text-anchor': ['match', ['get', 'role'], 'crew', 'bottom', 'top'],
      'text-offset': ['match', ['get', 'role'], 'crew', ['literal', [0, -1.1]], ['literal', [0, 1.1]]],
    },
    paint: { 'text-color': '#16202a', 'text-halo-color': '#ffffff', 'text-halo-width': 2 },
  },
];
