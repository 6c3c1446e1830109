// Owns the supervisor's live map: puts the desk's data into its sources, people at most four times a second, and tells
// which trip was clicked. The map itself is handed to who draws on it for a while.
import { useEffect, useRef, useState } from 'preact/hooks';
import { now } from '../shared/clock';
import { language, t } from '../shared/i18n';
import type { Map } from '../shared/map/engine';
import { useStore, useTick } from '../shared/store';
import type { MapInfo } from '../shared/types';
import { cellOf, middle, nextOf, roughly } from './coarse';
import { alarmFeatures, alarmsDrawn, CONSOLE_LAYERS, CONSOLE_SOURCES, cellFeatures, reachFeatures, tripFeatures } from './layers';
import { DRAWS_PER_S } from './people';
import type { Desk } from './desk';

const PULSE_MS = 400;
/** The map has stood still so long before the server is told what it shows. */
const LOOK_AFTER_MS = 250;
/** Close enough to tell which side of a street. */
const NEAR_ENOUGH_ZOOM = 15;

export function LiveMap({ desk, info, onMap }: { desk: Desk; info: MapInfo; onMap: (map: Map | null) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const engine = useRef<typeof import('../shared/map/engine') | null>(null);
  const [map, setMap] = useState<Map | null>(null);
  const [failed, setFailed] = useState(false);
  const left = useRef(false);
  useStore(desk);

  useEffect(() => {
    let alive = true;
    left.current = false;
    let made: Map | null = null;
    void (async () => {
      engine.current = await import('../shared/map/engine');
      if (!alive || !box.current) return;
      made = await engine.current.createMap(box.current, info, 11);
      if (!alive) return made.remove();
      for (const source of CONSOLE_SOURCES) engine.current.putData(made, source, engine.current.EMPTY);
      for (const layer of CONSOLE_LAYERS) made.addLayer(layer);
      made.on('click', 'trip', (event) => {
        if (desk.picking) return;
        const trips: unknown = event.features?.[0]?.properties?.['trips'];
        if (typeof trips === 'string') desk.select(nextOf(trips.split(','), desk.selected));
      });
      const shown = made;
      const look = (): void => {
        const bounds = shown.getBounds();
        const inside = (degrees: number, most: number): number => Math.max(-most, Math.min(most, degrees));
        desk.look({
          west: inside(bounds.getWest(), 180), south: inside(bounds.getSouth(), 90),
          east: inside(bounds.getEast(), 180), north: inside(bounds.getNorth(), 90), zoom: Math.max(0, shown.getZoom()),
        });
      };
      let waiting: ReturnType<typeof setTimeout> | undefined;
      made.on('moveend', () => { clearTimeout(waiting); waiting = setTimeout(look, LOOK_AFTER_MS); });
      look();
      setMap(made);
      onMap(made);
    })().catch(() => setFailed(true));
    return () => { alive = false; left.current = true; onMap(null); made?.remove(); };
  }, [info]);

  // People: on a clock of their own, so that thousands of moves cost four drawings a second.
  useEffect(() => {
    if (!map) return;
    const timer = setInterval(() => {
      const picture = desk.people.draw(now());
      if (!picture) return;
      engine.current?.putData(map, 'people', picture.points);
      engine.current?.putData(map, 'discs', picture.discs);
    }, 1000 / DRAWS_PER_S);
    return () => clearInterval(timer);
  }, [map]);

  const counted = desk.tier === 'far' ? desk.countsDrawn : -1;
  useEffect(() => {
    if (map) engine.current?.putData(map, 'cells', desk.tier === 'far' ? cellFeatures(desk.counts.list) : engine.current.EMPTY);
  }, [map, counted]);
  useEffect(() => { if (map) engine.current?.putData(map, 'reach', reachFeatures(desk.reach?.cells ?? [])); }, [map, desk.reach]);
  const { shown, places } = desk.reveal;
  const look = { selected: desk.selected, shown, places, cells: desk.cells };
  const tripsDrawn = [...desk.trips.values()].map((trip) => `${trip.id}${trip.phase}${trip.escalated}`).join() + desk.selected + shown;
  useEffect(() => { if (map) engine.current?.putData(map, 'trips', tripFeatures(desk.trips.values(), look)); }, [map, tripsDrawn, desk.cells]);
  // A position grows old without a message.
  useTick(1000, desk.incidents.size > 0);
  const alarms = alarmsDrawn(desk.incidents.values(), desk.now()) + language.lang;
  useEffect(() => {
    if (!map) return;
    const features = alarmFeatures(desk.incidents.values(), desk.now());
    engine.current?.putData(map, 'alarms', features);
    if (!features.features.some(({ properties }) => properties?.['role'] === 'device' && !properties['taken'])) return;
    let big = false;
    const timer = setInterval(() => {
      big = !big;
      map.setPaintProperty('alarm-pulse', 'circle-radius', big ? 30 : 16);
    }, PULSE_MS);
    return () => clearInterval(timer);
  }, [map, alarms]);

  // The view goes to the cell; only a press takes it to the place.
  const pickup = places?.pickup;
  const about = desk.openTrip ? roughly(desk.openTrip) : undefined;
  const cell = about && cellOf(desk.cells, about);
  const area = cell ? middle(cell) : null;
  useEffect(() => {
    if (map && area && !shown && !map.getBounds().contains([area.lon, area.lat])) map.easeTo({ center: [area.lon, area.lat], duration: 400 });
  }, [map, desk.selected, area !== null]);
  useEffect(() => {
    if (!map || !shown || !pickup) return;
    const before = { center: map.getCenter(), zoom: map.getZoom() };
    map.easeTo({ center: [pickup.lon, pickup.lat], zoom: Math.max(NEAR_ENOUGH_ZOOM, before.zoom), duration: 400 });
    // A view left standing on a hidden place would still show where it is.
    return () => { if (!left.current) map.easeTo({ ...before, duration: 400 }); };
  }, [map, shown]);
  useEffect(() => {
    const raised = desk.alarms.find(({ acknowledged_at, live, position }) => !acknowledged_at && (live ?? position));
    const at = raised && (raised.live ?? raised.position);
    if (map && at) map.easeTo({ center: [at.lon, at.lat], zoom: Math.max(13, map.getZoom()), duration: 400 });
  }, [map, desk.alarms.find(({ acknowledged_at }) => !acknowledged_at)?.id]);

  return (
    <div class="live" data-testid="live-map" data-ready={map ? 'true' : 'false'} data-tier={desk.tier}>
      <div class="map-box" ref={box} role="application" aria-label={t('map.label')} />
      {desk.picking && <span class="aim" aria-hidden="true" />}
      {failed && <p class="error">{t('map.failed')}</p>}
    </div>
  );
}
