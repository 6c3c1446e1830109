// Owns finding a named place among those the map brought along: no word typed here ever leaves the phone.
import { language, t } from './i18n';
import type { LatLon, MapInfo, Named, Place } from './types';

export const SUGGESTIONS_MAX = 6;
const M_PER_DEGREE = 111_320;

/** Straight distance in metres, good enough to sort by. */
export function metresApart(a: LatLon, b: LatLon): number {
  const x = (a.lon - b.lon) * Math.cos(((a.lat + b.lat) * Math.PI) / 360);
  return Math.hypot(x, a.lat - b.lat) * M_PER_DEGREE;
}

/** Stations and districts whose name, in either language, contains the words; those that begin with them first. */
export function searchPlaces(map: MapInfo, words: string): Named[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const rank = (place: Named): number => {
    const found = [place.name, place.name_en].map((name) => name.toLowerCase().indexOf(wanted)).filter((at) => at >= 0);
    return found.length === 0 ? Infinity : Math.min(...found);
  };
  return [...map.stations, ...map.districts]
    .map((place) => ({ place, rank: rank(place) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((a, b) => a.rank - b.rank || a.place.name.length - b.place.name.length)
    .slice(0, SUGGESTIONS_MAX)
    .map(({ place }) => place);
}

/** What to call a place: a station in the language of the page, else its own label, else "a place on the map". */
export function placeName(map: MapInfo | null, place: Place | null | undefined): string {
  if (!place?.label) return t('place.pin');
  const station = language.lang === 'en' ? map?.stations.find(({ name }) => name === place.label) : undefined;
  return station?.name_en ?? place.label;
}

/** The stations nearest to a point. */
export function nearestStations(map: MapInfo, at: LatLon, count: number): Named[] {
  return [...map.stations].sort((a, b) => metresApart(a, at) - metresApart(b, at)).slice(0, count);
}

export function isInside(map: MapInfo, at: LatLon): boolean {
  const [west, south, east, north] = map.bounds;
  return at.lon >= west && at.lon <= east && at.lat >= south && at.lat <= north;
}
