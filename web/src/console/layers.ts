// Owns how the console's own data looks on the map: cells below, then open trips, people, and alarms on top.
import type { FeatureCollection } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';
import { HOLLOW_AFTER_S } from '../shared/map/overlay';
import { isOpen, type Cell, type Incident, type Trip } from '../shared/types';

/** By wire number: available, offered, assigned, en_route, arrived, escorting, off shift. */
export const STATE_COLORS = ['#0b6e4f', '#b07a00', '#0b5cad', '#1f8fff', '#6a3fb5', '#a02c6d', '#8a94a0'] as const;
const stateColor = ['match', ['get', 'state'], ...STATE_COLORS.flatMap((color, i) => [i, color]), '#8a94a0'] as unknown as string;

const collection = (features: FeatureCollection['features']): FeatureCollection => ({ type: 'FeatureCollection', features });

export function cellFeatures(cells: Cell[]): FeatureCollection {
  return collection(cells.map((cell) => ({
    type: 'Feature',
    properties: { available: cell.available, busy: cell.busy, open: cell.open_trips },
    geometry: { type: 'Polygon', coordinates: [[...cell.boundary, ...cell.boundary.slice(0, 1)]] },
  })));
}
export function tripFeatures(trips: Iterable<Trip>, selected: string | null): FeatureCollection {
  return collection([...trips].filter((trip) => isOpen(trip.phase) && trip.pickup).flatMap((trip) => {
    const point = (role: string, at: { lat: number; lon: number }) => ({
      type: 'Feature' as const, properties: { role, trip: trip.id, escalated: trip.escalated === true, selected: trip.id === selected },
      geometry: { type: 'Point' as const, coordinates: [at.lon, at.lat] },
    });
    const pickup = point('pickup', trip.pickup!);
    return trip.id === selected && trip.dropoff ? [pickup, point('dropoff', trip.dropoff)] : [pickup];
  }));
}
export function alarmFeatures(incidents: Iterable<Incident>, nowMs: number): FeatureCollection {
  return collection([...incidents].filter(({ acknowledged_at, position }) => !acknowledged_at && position).map((incident) => {
    const { lat, lon, age_s } = incident.position!;
    return {
      type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { incident: incident.id, hollow: age_s + (nowMs - Date.parse(incident.raised_at)) / 1000 > HOLLOW_AFTER_S },
    };
  }));
}

const text = (id: string, source: string, field: unknown, size: number, more: Record<string, unknown>, paint: Record<string, unknown>): LayerSpecification => ({
  id, type: 'symbol', source,
  layout: { 'text-field': field as string, 'text-font': ['sans-serif'], 'text-size': size, 'text-allow-overlap': true, 'text-ignore-placement': true, ...more },
  paint: { 'text-color': '#16202a', 'text-halo-color': '#ffffff', 'text-halo-width': 2, ...paint },
});

export const CONSOLE_SOURCES = ['cells', 'discs', 'trips', 'people', 'alarms'] as const;
export const CONSOLE_LAYERS: LayerSpecification[] = [
  {
    id: 'cell', type: 'fill', source: 'cells',
    paint: {
      'fill-color': ['interpolate', ['linear'], ['get', 'available'], 0, '#f2c14e', 1, '#cfe8dc', 5, '#7cc7a4', 20, '#2b9a6b'],
      'fill-opacity': 0.34,
    },
  },
  { id: 'cell-edge', type: 'line', source: 'cells', paint: { 'line-color': '#2b7a5a', 'line-width': 1, 'line-opacity': 0.5 } },
  text('cell-count', 'cells', ['concat', ['to-string', ['get', 'available']], ' / ', ['to-string', ['get', 'busy']]], 12,
    { 'symbol-placement': 'point', 'text-allow-overlap': false }, { 'text-color': '#1d5a42' }),
  { id: 'disc', type: 'fill', source: 'discs', paint: { 'fill-color': '#5a6672', 'fill-opacity': 0.1, 'fill-outline-color': '#5a6672' } },
  {
    id: 'person', type: 'circle', source: 'people',
    paint: {
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, ['case', ['==', ['get', 'state'], 0], 2.5, 4], 15, ['case', ['==', ['get', 'state'], 0], 6, 9]],
      'circle-color': ['case', ['get', 'hollow'], 'rgba(255,255,255,0.85)', stateColor],
      'circle-stroke-color': ['case', ['get', 'hollow'], stateColor, '#ffffff'],
      'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 10, 1, 15, 2.5],
    },
  },
  // A letter beside the colour, for those at work: close enough to be read, few enough not to cover the map.
  {
    ...text('person-letter', 'people', ['match', ['get', 'state'], 1, '?', 2, '✓', 3, '→', 4, '●', 5, '=', ''], 11, {}, { 'text-color': '#ffffff', 'text-halo-width': 0 }),
    minzoom: 13.5, filter: ['!', ['get', 'hollow']],
  } as LayerSpecification,
  { ...text('person-no', 'people', ['to-string', ['get', 'no']], 11, { 'text-offset': [0, 1], 'text-anchor': 'top', 'text-allow-overlap': false, 'text-ignore-placement': false }, {}), minzoom: 13.5 } as LayerSpecification,
  {
    id: 'trip-halo', type: 'circle', source: 'trips', filter: ['any', ['get', 'selected'], ['get', 'escalated']],
    paint: { 'circle-radius': 15, 'circle-color': ['case', ['get', 'escalated'], '#b3261e', '#0b5cad'], 'circle-opacity': 0.28 },
  },
  text('trip', 'trips', ['match', ['get', 'role'], 'dropoff', '◎', ['case', ['get', 'escalated'], '▲', '◆']] , 22, {},
    { 'text-color': ['case', ['get', 'escalated'], '#b3261e', '#16202a'] }),
  {
    id: 'alarm-pulse', type: 'circle', source: 'alarms',
    paint: { 'circle-radius': 20, 'circle-color': '#b3261e', 'circle-opacity': 0.35, 'circle-stroke-color': '#b3261e', 'circle-stroke-width': 3 },
  },
  {
    id: 'alarm', type: 'circle', source: 'alarms',
    paint: { 'circle-radius': 8, 'circle-color': ['case', ['get', 'hollow'], '#ffffff', '#b3261e'], 'circle-stroke-color': '#b3261e', 'circle-stroke-width': 3 },
  },
  text('alarm-word', 'alarms', 'SOS', 14, { 'text-offset': [0, 1.6] }, { 'text-color': '#b3261e' }),
];
