// Owns how the console's own data looks on the map: cells below, then open trips, people, and alarms on top. From afar the
// cells speak (how many are free in each), close up the people do. Invariant: a trip that is not revealed is drawn in the
// middle of its cell and nowhere else.
import type { Feature, FeatureCollection } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';
import { t } from '../shared/i18n';
import { circleRing, COARSE_M, HOLLOW_AFTER_S } from '../shared/map/overlay';
import { isOpen, type Cell, type DevicePosition, type Incident, type LatLon, type ReachCell, type Trip } from '../shared/types';
import { groupByCell, roughly } from './coarse';
import type { Places } from './reveal';

/** By wire number: available, offered, assigned, en_route, arrived, escorting, off shift. */
export const STATE_COLORS = ['#0b6e4f', '#b07a00', '#0b5cad', '#1f8fff', '#6a3fb5', '#a02c6d', '#8a94a0'] as const;
const stateColor = ['match', ['get', 'state'], ...STATE_COLORS.flatMap((color, i) => [i, color]), '#8a94a0'] as unknown as string;

const collection = (features: FeatureCollection['features']): FeatureCollection => ({ type: 'FeatureCollection', features });

export function cellFeatures(cells: Pick<Cell, 'available' | 'busy' | 'boundary'>[]): FeatureCollection {
  return collection(cells.map((cell) => ({
    type: 'Feature',
    properties: { available: cell.available, busy: cell.busy },
    geometry: { type: 'Polygon', coordinates: [ring(cell)] },
  })));
}
/** Cells from which a point is reached, with the seconds that takes. */
export function reachFeatures(cells: readonly ReachCell[]): FeatureCollection {
  return collection(cells.map((cell) => ({
    type: 'Feature', properties: { seconds: cell.seconds }, geometry: { type: 'Polygon', coordinates: [ring(cell)] },
  })));
}
const ring = ({ boundary }: Pick<Cell, 'boundary'>): [number, number][] => [...boundary, ...boundary.slice(0, 1)];
const pointAt = ({ lat, lon }: LatLon, properties: Record<string, unknown>): Feature =>
  ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: [lon, lat] } });

interface Look { selected: string | null; shown: string | null; places: Places | null; cells: readonly Cell[] }
/** Open trips: each by its cell, but the one that is `shown` by the exact `places` that were revealed. */
export function tripFeatures(trips: Iterable<Trip>, { selected, shown, places, cells }: Look): FeatureCollection {
  const open = [...trips].filter((trip) => isOpen(trip.phase) && roughly(trip));
  const features: Feature[] = [];
  for (const { at, cell, trips: ids, escalated } of groupByCell(open.filter(({ id }) => id !== shown), cells)) {
    const chosen = selected !== null && ids.includes(selected);
    features.push(pointAt(at, { role: 'cell', trips: ids.join(), count: ids.length, escalated, chosen }));
    if (chosen) features.push({ type: 'Feature', properties: { escalated }, geometry: { type: 'Polygon', coordinates: [ring(cell)] } });
  }
  for (const trip of open.filter(({ id }) => places && id === shown)) {
    const same = { trips: trip.id, count: 1, escalated: trip.escalated === true, chosen: true };
    features.push(pointAt(places!.pickup, { ...same, role: 'pickup' }));
    features.push(pointAt(places!.dropoff, { ...same, role: 'dropoff' }));
  }
  return collection(features);
}

/** By when it was taken, so that a told age does not grow old. */
export const ageS = ({ taken_at }: DevicePosition, nowMs: number): number => Math.max(0, (nowMs - Date.parse(taken_at)) / 1000);

/** Alarms: where the device is, where it was at first if that is elsewhere, and the registered places: one of them may be wrong. */
export function alarmFeatures(incidents: Iterable<Incident>, nowMs: number): FeatureCollection {
  return collection([...incidents].flatMap(({ id, position, live, registered, acknowledged_at }) => {
    const taken = acknowledged_at !== null;
    const places = registered.map((place) => pointAt(place, { role: 'registered', word: t('alarm.registered'), taken }));
    const device = live ?? position;
    if (!device) return places;
    if (position && live && position.taken_at !== live.taken_at) places.push(pointAt(position, { role: 'first', word: t('alarm.first'), taken }));
    if (device.acc_m > COARSE_M) {
      places.push({ type: 'Feature', properties: { role: 'error', taken }, geometry: { type: 'Polygon', coordinates: [circleRing(device, device.acc_m)] } });
    }
    return [...places, pointAt(device, { role: 'device', incident: id, word: 'SOS', taken, hollow: isOld(device, nowMs) })];
  }));
}
const isOld = (device: DevicePosition, nowMs: number): boolean => ageS(device, nowMs) > HOLLOW_AFTER_S;
/** Changes whenever the alarms must be drawn anew: also when nothing came and a position grew old. */
export function alarmsDrawn(incidents: Iterable<Incident>, nowMs: number): string {
  return [...incidents].map(({ id, acknowledged_at, live, position }) => {
    const device = live ?? position;
    return [id, acknowledged_at, device?.taken_at, device && isOld(device, nowMs)].join();
  }).join(';');
}

export const text = (id: string, source: string, field: unknown, size: number, more: Record<string, unknown>, paint: Record<string, unknown>): LayerSpecification => ({
  id, type: 'symbol', source,
  layout: { 'text-field': field as string, 'text-font': ['sans-serif'], 'text-size': size, 'text-allow-overlap': true, 'text-ignore-placement': true, ...more },
  paint: { 'text-color': '#16202a', 'text-halo-color': '#ffffff', 'text-halo-width': 2, ...paint },
});

/** Where the cells stop speaking and the people begin; the server's `NEAR_ZOOM`. */
const NEAR_ZOOM = 13;
const red = (otherwise: string): unknown => ['case', ['get', 'escalated'], '#b3261e', otherwise];
const device = ['==', ['get', 'role'], 'device'];

export const CONSOLE_SOURCES = ['cells', 'reach', 'discs', 'trips', 'people', 'alarms'] as const;
export const CONSOLE_LAYERS: LayerSpecification[] = [
  {
    id: 'cell', type: 'fill', source: 'cells',
    paint: {
      'fill-color': ['interpolate', ['linear'], ['get', 'available'], 0, '#f2c14e', 1, '#cfe8dc', 5, '#7cc7a4', 20, '#2b9a6b'],
      'fill-opacity': ['interpolate', ['linear'], ['zoom'], 12, 0.34, NEAR_ZOOM, 0.06],
    },
  },
  { id: 'cell-edge', type: 'line', source: 'cells', paint: { 'line-color': '#2b7a5a', 'line-width': 1, 'line-opacity': 0.5 } },
  {
    id: 'reach', type: 'fill', source: 'reach',
    paint: { 'fill-color': ['step', ['get', 'seconds'], '#0b5cad', 301, '#4f8fd0', 601, '#a9cbea'], 'fill-opacity': 0.45 },
  },
  {
    id: 'chosen-cell', type: 'line', source: 'trips', filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'line-color': red('#0b5cad') as string, 'line-width': 3, 'line-dasharray': [2, 1.5] },
  },
  { id: 'disc', type: 'fill', source: 'discs', paint: { 'fill-color': '#5a6672', 'fill-opacity': 0.1, 'fill-outline-color': '#5a6672' } },
  {
    id: 'person', type: 'circle', source: 'people',
    // Those at work lie above those who wait.
    layout: { 'circle-sort-key': ['min', ['get', 'state'], 1] },
    paint: {
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, ['case', ['==', ['get', 'state'], 0], 2.5, 5], 15, ['case', ['==', ['get', 'state'], 0], 6, 9]],
      'circle-color': ['case', ['get', 'hollow'], 'rgba(255,255,255,0.85)', stateColor],
      'circle-stroke-color': ['case', ['get', 'hollow'], stateColor, '#ffffff'],
      'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 10, 1, 15, 2.5],
    },
  },
  // Above the people: a count that is half hidden is a wrong count.
  { ...text('cell-count', 'cells', ['concat', ['to-string', ['get', 'available']], ' / ', ['to-string', ['get', 'busy']]], 13,
    { 'symbol-placement': 'point', 'text-offset': [0, 1.4], 'text-allow-overlap': false }, { 'text-color': '#134430' }), maxzoom: NEAR_ZOOM } as LayerSpecification,
  // A letter beside the colour, for those at work: close enough to be read, few enough not to cover the map.
  {
    ...text('person-letter', 'people', ['match', ['get', 'state'], 1, '?', 2, '✓', 3, '→', 4, '●', 5, '=', ''], 11, {}, { 'text-color': '#ffffff', 'text-halo-width': 0 }),
    minzoom: NEAR_ZOOM, filter: ['!', ['get', 'hollow']],
  } as LayerSpecification,
  { ...text('person-no', 'people', ['to-string', ['get', 'no']], 11, { 'text-offset': [0, 1], 'text-anchor': 'top', 'text-allow-overlap': false, 'text-ignore-placement': false }, {}), minzoom: NEAR_ZOOM } as LayerSpecification,
  {
    id: 'trip-halo', type: 'circle', source: 'trips', filter: ['all', ['==', ['geometry-type'], 'Point'], ['any', ['get', 'chosen'], ['get', 'escalated']]],
    paint: {
      'circle-radius': 16, 'circle-color': red('#0b5cad') as string, 'circle-opacity': 0.28,
    },
  },
  {
    ...text('trip', 'trips', [
      'concat',
      ['match', ['get', 'role'], 'dropoff', '◎', 'pickup', '◆', ['case', ['get', 'escalated'], '▲', '◇']],
      ['case', ['>', ['get', 'count'], 1], ['to-string', ['get', 'count']], ''],
    ], 22, {}, { 'text-color': red('#16202a') }),
    filter: ['==', ['geometry-type'], 'Point'],
  } as LayerSpecification,
  {
    id: 'alarm-error', type: 'fill', source: 'alarms', filter: ['==', ['geometry-type'], 'Polygon'],
    paint: { 'fill-color': '#b3261e', 'fill-opacity': 0.1, 'fill-outline-color': '#b3261e' },
  },
  {
    id: 'alarm-pulse', type: 'circle', source: 'alarms', filter: ['all', device, ['!', ['get', 'taken']]] as never,
    // Over an old position only the ring beats: it calls, and does not say "here".
    paint: { 'circle-radius': 20, 'circle-color': '#b3261e', 'circle-opacity': ['case', ['get', 'hollow'], 0, 0.35], 'circle-stroke-color': '#b3261e', 'circle-stroke-width': 3 },
  },
  {
    id: 'alarm', type: 'circle', source: 'alarms', filter: ['==', ['geometry-type'], 'Point'],
    paint: {
      'circle-radius': ['case', device, 8, 5] as never, 'circle-color': ['case', ['all', device, ['!', ['get', 'hollow']]], '#b3261e', '#ffffff'] as never,
      'circle-stroke-color': '#b3261e', 'circle-stroke-width': 3,
    },
  },
  {
    ...text('alarm-word', 'alarms', ['get', 'word'], 14, { 'text-offset': [0, 1.4], 'text-anchor': 'center' }, { 'text-color': '#b3261e' }),
    filter: ['==', ['geometry-type'], 'Point'],
  } as LayerSpecification,
];
