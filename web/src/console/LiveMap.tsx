// Owns the supervisor's live map: puts the desk's data into its sources, people at most four times a second, and tells
// which trip was clicked.
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../shared/i18n';
import type { Map } from '../shared/map/engine';
import { useStore } from '../shared/store';
import type { MapInfo } from '../shared/types';
import { alarmFeatures, CONSOLE_LAYERS, CONSOLE_SOURCES, cellFeatures, tripFeatures } from './layers';
import { DRAWS_PER_S } from './people';
import type { Desk } from './desk';

const PULSE_MS = 400;

export function LiveMap({ desk, info }: { desk: Desk; info: MapInfo }) {
  const box = useRef<HTMLDivElement>(null);
  const engine = useRef<typeof import('../shared/map/engine') | null>(null);
  const [map, setMap] = useState<Map | null>(null);
  const [failed, setFailed] = useState(false);
  useStore(desk);

  useEffect(() => {
    let alive = true;
    let made: Map | null = null;
    void (async () => {
      engine.current = await import('../shared/map/engine');
      if (!alive || !box.current) return;
      made = await engine.current.createMap(box.current, info, 11);
      if (!alive) return made.remove();
      for (const source of CONSOLE_SOURCES) engine.current.putData(made, source, engine.current.EMPTY);
      for (const layer of CONSOLE_LAYERS) made.addLayer(layer);
      made.on('click', 'trip', (event) => {
        const trip: unknown = event.features?.[0]?.properties?.['trip'];
        if (typeof trip === 'string') desk.select(trip);
      });
      setMap(made);
    })().catch(() => setFailed(true));
    return () => { alive = false; made?.remove(); };
  }, [info]);

  // People: on a clock of their own, so that thousands of moves cost four drawings a second.
  useEffect(() => {
    if (!map) return;
    const timer = setInterval(() => {
      const picture = desk.people.draw(performance.now());
      if (!picture) return;
      engine.current?.putData(map, 'people', picture.points);
      engine.current?.putData(map, 'discs', picture.discs);
    }, 1000 / DRAWS_PER_S);
    return () => clearInterval(timer);
  }, [map]);

  useEffect(() => { if (map) engine.current?.putData(map, 'cells', cellFeatures(desk.cells)); }, [map, desk.cells]);
  const tripsDrawn = [...desk.trips.values()].map((trip) => `${trip.id}${trip.phase}${trip.escalated}`).join() + desk.selected;
  useEffect(() => { if (map) engine.current?.putData(map, 'trips', tripFeatures(desk.trips.values(), desk.selected)); }, [map, tripsDrawn]);
  const alarmsDrawn = desk.alarms.map(({ id, acknowledged_at }) => id + (acknowledged_at ?? '')).join();
  useEffect(() => {
    if (!map) return;
    const features = alarmFeatures(desk.incidents.values(), desk.now());
    engine.current?.putData(map, 'alarms', features);
    if (features.features.length === 0) return;
    let big = false;
    const timer = setInterval(() => {
      big = !big;
      map.setPaintProperty('alarm-pulse', 'circle-radius', big ? 30 : 16);
    }, PULSE_MS);
    return () => clearInterval(timer);
  }, [map, alarmsDrawn]);

  const pickup = desk.openTrip?.pickup;
  useEffect(() => {
    if (map && pickup && !map.getBounds().contains([pickup.lon, pickup.lat])) map.easeTo({ center: [pickup.lon, pickup.lat], duration: 400 });
  }, [map, desk.selected]);
  useEffect(() => {
    const raised = desk.alarms.find(({ acknowledged_at, position }) => !acknowledged_at && position);
    if (map && raised) map.easeTo({ center: [raised.position!.lon, raised.position!.lat], zoom: Math.max(13, map.getZoom()), duration: 400 });
  }, [map, desk.alarms.find(({ acknowledged_at }) => !acknowledged_at)?.id]);

  return (
    <div class="live" data-testid="live-map" data-ready={map ? 'true' : 'false'}>
      <div class="map-box" ref={box} role="application" aria-label={t('map.label')} />
      {failed && <p class="error">{t('map.failed')}</p>}
    </div>
  );
}
