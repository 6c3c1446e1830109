// Owns the map of the two phone pages: loads the library when it is first needed, draws marks, reports taps.
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import type { LatLon, MapInfo } from '../types';
import { OVERLAY_LAYERS, overlay, type Mark } from './overlay';
import type { Map } from './engine';

interface Props {
  info: MapInfo; marks: Mark[]; onTap?: (at: LatLon) => void;
  /** Changes when the view should fit the marks again; a map that jumps at every fix cannot be read. */
  fitKey: string; tall?: boolean;
}

export function PhoneMap({ info, marks, onTap, fitKey, tall }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<Map | null>(null);
  const [failed, setFailed] = useState(false);
  const engine = useRef<typeof import('./engine') | null>(null);
  const tap = useRef(onTap);
  tap.current = onTap;

  useEffect(() => {
    let alive = true;
    let made: Map | null = null;
    void (async () => {
      engine.current = await import('./engine');
      if (!alive || !box.current) return;
      made = await engine.current.createMap(box.current, info, 12);
      engine.current.putData(made, 'overlay', engine.current.EMPTY);
      for (const layer of OVERLAY_LAYERS) made.addLayer(layer);
      made.on('click', (event) => tap.current?.({ lat: event.lngLat.lat, lon: event.lngLat.lng }));
      if (alive) setMap(made); else made.remove();
    })().catch(() => setFailed(true));
    return () => { alive = false; made?.remove(); };
  }, [info]);

  useEffect(() => { if (map) engine.current?.putData(map, 'overlay', overlay(marks)); }, [map, marks]);
  useEffect(() => {
    if (!map || marks.length === 0) return;
    const pad = (mark: Mark): number => (mark.role === 'area' ? mark.radius_m / 90_000 : 0.002);
    const west = Math.min(...marks.map((m) => m.at.lon - pad(m))), east = Math.max(...marks.map((m) => m.at.lon + pad(m)));
    const south = Math.min(...marks.map((m) => m.at.lat - pad(m))), north = Math.max(...marks.map((m) => m.at.lat + pad(m)));
    map.fitBounds([west, south, east, north], { padding: { top: 40, left: 40, right: 84, bottom: 60 }, maxZoom: 15.5, duration: 300 });
  }, [map, fitKey]);

  return (
    <div class={`map ${tall ? 'tall' : ''}`} data-testid="map" data-ready={map ? 'true' : 'false'}>
      <div class="map-box" ref={box} role="application" aria-label={t('map.label')} />
      {failed && <p class="note">{t('map.failed')}</p>}
    </div>
  );
}
