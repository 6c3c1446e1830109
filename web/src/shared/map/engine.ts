// Owns the map library: the only file that imports it, itself imported lazily, so that a page works before it arrives.
import { AttributionControl, Map, NavigationControl, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import type { FeatureCollection } from 'geojson';
import { attributionText, language } from '../i18n';
import type { MapInfo } from '../types';
import { baseStyle, escapeHtml, LABEL_LAYERS, nameField } from './style';

export type { Map } from 'maplibre-gl';
export { Pin } from './pin';

/** The library finds its worker beside itself only when nothing has been bundled. */
setWorkerUrl(new URL(workerUrl, location.href).href);

export const EMPTY: FeatureCollection = { type: 'FeatureCollection', features: [] };

export function createMap(container: HTMLElement, info: MapInfo, zoom: number): Promise<Map> {
  const [west, south, east, north] = info.bounds;
  const margin = 0.1;
  const map = new Map({
    container, style: baseStyle(info, language.lang), center: info.center, zoom, minZoom: 9, maxZoom: 18,
    maxBounds: [west - margin, south - margin, east + margin, north + margin],
    attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false,
    // The library writes the view into nothing: no place may stand in an address.
    hash: false,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  // Given to the control and not to the source: a source's words cannot change with the language.
  const credit = (): AttributionControl => new AttributionControl({ compact: false, customAttribution: escapeHtml(attributionText(info)) });
  let credits = credit();
  map.addControl(credits, 'bottom-right');
  const unsubscribe = language.subscribe(() => {
    map.removeControl(credits);
    credits = credit();
    map.addControl(credits, 'bottom-right');
    for (const layer of LABEL_LAYERS) map.setLayoutProperty(layer, 'text-field', nameField(language.lang) as string);
  });
  map.on('remove', unsubscribe);
  return new Promise((resolve) => map.once('load', () => resolve(map)));
}

/** Puts `data` into a GeoJSON source, making it when it is not there. */
export function putData(map: Map, source: string, data: FeatureCollection): void {
  const found = map.getSource<GeoJSONSource>(source);
  if (found) found.setData(data);
  else map.addSource(source, { type: 'geojson', data });
}
