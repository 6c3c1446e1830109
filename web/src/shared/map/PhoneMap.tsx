// Owns the map of the two phone pages: loads the library when it is first needed, draws marks, and lets a place be chosen on
// it: by a tap, by dragging the pin, or by keyboard (arrow keys on the map and a button for its middle, or on the pin).
import { useEffect, useRef, useState } from 'preact/hooks';
import { language, t } from '../i18n';
import type { LatLon, MapInfo } from '../types';
import { OVERLAY_LAYERS, overlay, type Mark } from './overlay';
import type { Map, Pin } from './engine';

interface Props {
  info: MapInfo; marks: Mark[];
  /** A way to be drawn. */
  way?: [number, number][] | undefined;
  /** Makes the map one on which a place is chosen; `at` is where the pin stands. */
  choose?: { role: 'pickup' | 'dropoff'; at: LatLon | null; /** Whether the place may be chosen. */ onChoose: (at: LatLon) => boolean };
  /** Changes when the view should fit the marks again; a map that jumps at every fix cannot be read. */
  fitKey: string; tall?: boolean;
}

export function PhoneMap({ info, marks, way, choose, fitKey, tall }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<Map | null>(null);
  const [failed, setFailed] = useState(false);
  const engine = useRef<typeof import('./engine') | null>(null);
  const pin = useRef<Pin | null>(null);
  const chosen = useRef(choose?.onChoose);
  chosen.current = choose?.onChoose;

  useEffect(() => {
    let alive = true;
    let made: Map | null = null;
    void (async () => {
      engine.current = await import('./engine');
      if (!alive || !box.current) return;
      made = await engine.current.createMap(box.current, info, 12);
      engine.current.putData(made, 'overlay', engine.current.EMPTY);
      for (const layer of OVERLAY_LAYERS) made.addLayer(layer);
      made.on('click', (event) => chosen.current?.({ lat: event.lngLat.lat, lon: event.lngLat.lng }));
      pin.current = new engine.current.Pin(made, (at) => chosen.current?.(at) ?? false);
      if (alive) setMap(made); else made.remove();
    })().catch(() => setFailed(true));
    return () => { alive = false; made?.remove(); };
  }, [info]);

  useEffect(() => { if (map) engine.current?.putData(map, 'overlay', overlay(marks, way)); }, [map, marks, way]);
  const role = choose?.role ?? 'pickup';
  useEffect(() => {
    if (map) pin.current?.put(choose?.at ?? null, role, t(`pin.${role}`));
  }, [map, role, choose?.at?.lat, choose?.at?.lon, language.lang]);
  useEffect(() => {
    if (!map || marks.length === 0) return;
    const pad = (mark: Mark): number => (mark.role === 'area' ? mark.radius_m / 90_000 : 0.002);
    const west = Math.min(...marks.map((m) => m.at.lon - pad(m))), east = Math.max(...marks.map((m) => m.at.lon + pad(m)));
    const south = Math.min(...marks.map((m) => m.at.lat - pad(m))), north = Math.max(...marks.map((m) => m.at.lat + pad(m)));
    map.fitBounds([west, south, east, north], { padding: { top: 40, left: 40, right: 84, bottom: 60 }, maxZoom: 15.5, duration: 300 });
  }, [map, fitKey]);

  const takeCentre = (): void => {
    const { lat, lng } = map!.getCenter();
    choose?.onChoose({ lat, lon: lng });
  };
  return (
    <>
      <div class={`map ${tall ? 'tall' : ''}`} data-testid="map" data-ready={map ? 'true' : 'false'}>
        <div class="map-box" ref={box} role="application" aria-label={t('map.label')} />
        {failed && <p class="note">{t('map.failed')}</p>}
      </div>
      {/* There before the map is, so that nothing below it moves away under a finger when the map comes. */}
      {choose && <button type="button" class="quiet" data-testid="map-centre" disabled={!map} onClick={takeCentre}>{t('map.centre')}</button>}
    </>
  );
}
