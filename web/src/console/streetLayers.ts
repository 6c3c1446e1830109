// Owns how closed and slow streets look on the console's map, and the place that somebody is about to name. Red and crossed is closed,
// amber slower, pale what does not count now. What is said of a class of road or of a line has no place, and is not
// drawn.
import type { Feature, FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { Map } from '../shared/map/engine';
import { circleRing } from '../shared/map/overlay';
import type { Condition, LatLon, Streets } from '../shared/types';
import { text } from './layers';
import type { Draft } from './streets';

const SOURCE = 'streets';
const CROSSES = 'said-crosses';
/** Trips and alarms stand above what is said of streets. */
const BELOW = 'trip-halo';
/** Close enough to tell one street from the next. */
const NEAR_ENOUGH_ZOOM = 15;

type Look = { role: 'closed' | 'slow' | 'draft'; pale: boolean };
const corner = ({ lat, lon }: LatLon): [number, number] => [lon, lat];

function shapes({ around, along }: Streets, look: Look): Feature[] {
  const of = (geometry: Feature['geometry']): Feature => ({ type: 'Feature', properties: look, geometry });
  if (around) {
    return [of({ type: 'Polygon', coordinates: [circleRing(around.at, around.radius_m)] }), of({ type: 'Point', coordinates: corner(around.at) })];
  }
  if (!along) return [];
  const ends = [corner(along.from), corner(along.to)];
  return [of({ type: 'LineString', coordinates: ends }), ...ends.map((end) => of({ type: 'Point', coordinates: end }))];
}
/** What is listed, and above it what is about to be said. */
export function streetFeatures(listed: readonly Condition[], draft: Draft | null): FeatureCollection {
  const said = listed.flatMap((one) => shapes(one, { role: one.closed ? 'closed' : 'slow', pale: !one.in_force }));
  return { type: 'FeatureCollection', features: draft ? [...said, ...draftShapes(draft)] : said };
}
function draftShapes({ where, at, radius_m, from, to }: Draft): Feature[] {
  const look: Look = { role: 'draft', pale: false };
  if (where === 'around') return at ? shapes({ around: { at, radius_m } }, look) : [];
  if (where !== 'along') return [];
  if (from && to) return shapes({ along: { from, to } }, look);
  const end = from ?? to;
  return end ? [{ type: 'Feature', properties: look, geometry: { type: 'Point', coordinates: corner(end) } }] : [];
}

const RED = '#b3261e';
const COLOR = ['match', ['get', 'role'], 'closed', RED, 'slow', '#d97a00', '#0b5cad'] as unknown as string;
const PALE = ['case', ['get', 'pale'], 0.4, 0.95] as unknown as number;
const kind = (type: string, role: string): never => ['all', ['==', ['geometry-type'], type], ['==', ['get', 'role'], role]] as never;
const said = (type: string): never => ['all', ['==', ['geometry-type'], type], ['!=', ['get', 'role'], 'draft']] as never;
const mark = ['match', ['get', 'role'], 'closed', '×', 'slow', '▲', '+'];
const PAINT = { 'text-color': COLOR, 'text-opacity': PALE };
const LAYERS: LayerSpecification[] = [
  { id: 'said-slow', type: 'fill', source: SOURCE, filter: kind('Polygon', 'slow'), paint: { 'fill-color': COLOR, 'fill-opacity': ['case', ['get', 'pale'], 0.12, 0.3] } },
  { id: 'said-closed', type: 'fill', source: SOURCE, filter: kind('Polygon', 'closed'), paint: { 'fill-pattern': CROSSES, 'fill-opacity': PALE } },
  { id: 'said-edge', type: 'line', source: SOURCE, filter: said('Polygon'), paint: { 'line-color': COLOR, 'line-width': 2.5, 'line-opacity': PALE } },
  { id: 'said-line', type: 'line', source: SOURCE, filter: said('LineString'), layout: { 'line-cap': 'round' }, paint: { 'line-color': COLOR, 'line-width': 5, 'line-opacity': PALE } },
  {
    id: 'said-draft', type: 'line', source: SOURCE, filter: ['==', ['get', 'role'], 'draft'],
    paint: { 'line-color': COLOR, 'line-width': 3, 'line-dasharray': [2, 1.5] },
  },
  { ...text('said-along', SOURCE, mark, 18, { 'symbol-placement': 'line', 'symbol-spacing': 45, 'text-keep-upright': false }, PAINT), filter: said('LineString') } as LayerSpecification,
  { ...text('said-mark', SOURCE, mark, 22, {}, PAINT), filter: ['==', ['geometry-type'], 'Point'] } as LayerSpecification,
];

/** Red crosses on nothing: the map under them stays legible. */
function crosses(size: number): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const isOn = Math.abs(x - y) <= 1 || Math.abs(x + y - size + 1) <= 1;
      if (isOn) data.set([0xb3, 0x26, 0x1e, 0xd0], (y * size + x) * 4);
    }
  }
  return { width: size, height: size, data };
}

export function drawStreets(map: Map, features: FeatureCollection): void {
  const found = map.getSource<GeoJSONSource>(SOURCE);
  if (found) { found.setData(features); return; }
  map.addSource(SOURCE, { type: 'geojson', data: features });
  map.addImage(CROSSES, crosses(14));
  for (const layer of LAYERS) map.addLayer(layer, BELOW);
}
/** Brings a place into view, from near. */
export function lookAt(map: Map, { around, along }: Streets): void {
  const at = around?.at ?? along?.from;
  if (at) map.easeTo({ center: corner(at), zoom: Math.max(NEAR_ENOUGH_ZOOM, map.getZoom()), duration: 400 });
}
