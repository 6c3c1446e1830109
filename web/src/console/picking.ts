// Owns the choosing of a point on the map: while somebody waits for one, a click on the map is that point and opens no trip.
import { useEffect } from 'preact/hooks';
import type { Map } from '../shared/map/engine';
import type { LatLon } from '../shared/types';
import type { Desk } from './desk';

/** While `on`, a click on the map is a point; of several who wait it goes to the last. */
export function usePicked(desk: Desk, map: Map | null, on: boolean, onPicked: (at: LatLon) => void): void {
  useEffect(() => {
    if (!map || !on) return;
    const who = {};
    const clicks = map.on('click', ({ lngLat }) => { if (desk.isPicking(who)) onPicked({ lat: lngLat.lat, lon: lngLat.lng }); });
    const done = desk.pick(who);
    return () => { clicks.unsubscribe(); done(); };
  }, [desk, map, on]);
}
