// Owns how the base map looks: our own layers over our own tiles. No glyph, sprite or font address, so that the library
// draws labels from the fonts of the device and no request leaves the host.
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Lang } from '../i18n';
import type { MapInfo } from '../types';

const INK = '#33404d';
const HALO = '#ffffff';
/** Layers whose text follows the language of the page. */
export const LABEL_LAYERS = ['road-name', 'park-name', 'station-name', 'district-name'] as const;

export function nameField(lang: Lang): unknown {
  return lang === 'ko' ? ['coalesce', ['get', 'name'], ''] : ['coalesce', ['get', 'name_en'], ['get', 'name'], ''];
}

/** Line width growing by powers of two with the zoom, as streets do. */
const grows = (at11: number, at16: number): unknown => ['interpolate', ['exponential', 1.6], ['zoom'], 11, at11, 16, at16];
const road = (id: string, from: number, to: number, color: string, width: unknown, minzoom = 9): LayerSpecification => ({
  id, type: 'line', source: 'base', 'source-layer': 'roads', minzoom,
  filter: ['all', ['>=', ['get', 'class'], from], ['<=', ['get', 'class'], to]],
  layout: { 'line-cap': 'round', 'line-join': 'round' },
  paint: { 'line-color': color, 'line-width': width as number },
});
const label = (id: string, kind: string, lang: Lang, size: unknown, color: string, minzoom: number): LayerSpecification => ({
  id, type: 'symbol', source: 'base', 'source-layer': 'labels', minzoom, filter: ['==', ['get', 'kind'], kind],
  layout: {
    'text-field': nameField(lang) as string, 'text-size': size as number, 'text-font': ['sans-serif'],
    'text-padding': 4, 'text-max-width': 7,
    ...(kind === 'station' ? { 'text-offset': [0, 0.9], 'text-anchor': 'top' } : {}),
  },
  paint: { 'text-color': color, 'text-halo-color': HALO, 'text-halo-width': 1.6 },
});

export function baseStyle(info: MapInfo, lang: Lang): StyleSpecification {
  return {
    version: 8,
    sources: {
      base: {
        type: 'vector', tiles: [new URL(info.tiles, location.href).href.replaceAll('%7B', '{').replaceAll('%7D', '}')],
        minzoom: 9, maxzoom: 16,
      },
    },
    layers: [
      { id: 'land', type: 'background', paint: { 'background-color': '#f6f4ef' } },
      { id: 'green', type: 'fill', source: 'base', 'source-layer': 'green', paint: { 'fill-color': '#d6e8cd' } },
      { id: 'water', type: 'fill', source: 'base', 'source-layer': 'water', paint: { 'fill-color': '#aed0ea' } },
      road('path', 5, 5, '#d9cfc0', grows(0.3, 2), 14),
      road('alley-edge', 4, 4, '#d8d3ca', grows(0.4, 8), 13),
      road('street-edge', 2, 3, '#c5bdb0', grows(1.4, 15), 11),
      road('main-edge', 0, 1, '#b79b62', grows(2.6, 21)),
      road('alley', 4, 4, '#ffffff', grows(0.3, 6), 12),
      road('street', 2, 3, '#ffffff', grows(0.9, 12), 10),
      road('main', 1, 1, '#fbe3a1', grows(1.6, 17)),
      road('motorway', 0, 0, '#f5c26b', grows(2, 18)),
      {
        id: 'bridge', type: 'line', source: 'base', 'source-layer': 'roads', minzoom: 11,
        filter: ['all', ['==', ['get', 'bridge'], true], ['<=', ['get', 'class'], 3]],
        paint: { 'line-color': '#8c8272', 'line-width': 1, 'line-gap-width': grows(1.8, 18) as number },
      },
      {
        id: 'road-name', type: 'symbol', source: 'base', 'source-layer': 'roads', minzoom: 13,
        filter: ['all', ['has', 'name'], ['<=', ['get', 'class'], 4]],
        layout: {
          'symbol-placement': 'line', 'text-field': nameField(lang) as string, 'text-size': 11, 'text-font': ['sans-serif'],
          'symbol-spacing': 320,
        },
        paint: { 'text-color': '#5d5648', 'text-halo-color': HALO, 'text-halo-width': 1.4 },
      },
      label('park-name', 'park', lang, 11, '#3f6b35', 13),
      {
        id: 'station', type: 'circle', source: 'base', 'source-layer': 'labels', minzoom: 12,
        filter: ['==', ['get', 'kind'], 'station'],
        paint: { 'circle-radius': 3.5, 'circle-color': HALO, 'circle-stroke-color': INK, 'circle-stroke-width': 1.5 },
      },
      label('station-name', 'station', lang, ['interpolate', ['linear'], ['zoom'], 12, 10.5, 16, 13], INK, 12),
      label('district-name', 'district', lang, ['interpolate', ['linear'], ['zoom'], 9, 11, 14, 16], '#4a4458', 9),
    ],
  };
}

/** The library renders attributions as HTML; ours is plain text from the server. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
