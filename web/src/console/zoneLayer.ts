// Owns how the zone that is about to be added looks on the console's map. One that was added is drawn nowhere: its place is not read back.
import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { Map } from '../shared/map/engine';
import { circleRing } from '../shared/map/overlay';
import type { LatLon } from '../shared/types';

const SOURCE = 'zone';
const COLOR = '#6a1b9a';
const LAYERS: LayerSpecification[] = [
  { id: 'zone-fill', type: 'fill', source: SOURCE, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': COLOR, 'fill-opacity': 0.18 } },
  { id: 'zone-edge', type: 'line', source: SOURCE, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'line-color': COLOR, 'line-width': 3, 'line-dasharray': [2, 1.5] } },
  { id: 'zone-middle', type: 'circle', source: SOURCE, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-color': COLOR, 'circle-radius': 4 } },
];

/** A circle, its middle alone while its radius is not known, or nothing. */
export function zoneFeatures(at: LatLon | null, radius_m: number | null): FeatureCollection {
  const features: FeatureCollection['features'] = [];
  if (at && radius_m !== null) features.push({ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [circleRing(at, radius_m)] } });
  if (at) features.push({ type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: [at.lon, at.lat] } });
  return { type: 'FeatureCollection', features };
}
export function drawZone(map: Map, features: FeatureCollection): void {
  const found = map.getSource<GeoJSONSource>(SOURCE);
  if (found) { found.setData(features); return; }
  map.addSource(SOURCE, { type: 'geojson', data: features });
  for (const layer of LAYERS) map.addLayer(layer);
}
/** Brings the whole circle into view, if it is not. From afar a click names a quarter, so a small one is looked at from near. */
export function showZone(map: Map, at: LatLon, radius_m: number): void {
  const ring = circleRing(at, radius_m);
  const [lons, lats] = [ring.map(([lon]) => lon), ring.map(([, lat]) => lat)];
  const [west, south, east, north] = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
  const shown = map.getBounds();
  const isWhole = shown.contains([west, south]) && shown.contains([east, north]);
  const isSmall = east - west < (shown.getEast() - shown.getWest()) / 12;
  if (!isWhole || isSmall) map.fitBounds([[west, south], [east, north]], { padding: 60, maxZoom: 16, duration: 400 });
}
