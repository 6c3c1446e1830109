// Owns choosing one place: suggested stations, words searched in the page, the map, or the phone's own position.
import { useMemo, useState } from 'preact/hooks';
import { language, t } from '../shared/i18n';
import { PhoneMap } from '../shared/map/PhoneMap';
import type { Mark } from '../shared/map/overlay';
import { isInside, nearestStations, placeName, searchPlaces } from '../shared/places';
import type { LatLon, MapInfo, Named, Place } from '../shared/types';

const SUGGESTED = 3;
/** A position older or slower than this is asked for again by hand. */
const POSITION_MS_MAX = 10_000;

interface Props {
  map: MapInfo; title: string; hint: string; value: Place | null; role: 'pickup' | 'dropoff';
  onChange: (place: Place) => void; onNext: () => void; onBack: () => void;
}
export function PlaceStep({ map, title, hint, value, role, onChange, onNext, onBack }: Props) {
  const [words, setWords] = useState('');
  const [note, setNote] = useState<string | null>(null);
  const [fit, setFit] = useState(0);
  const centre = { lat: map.center[1], lon: map.center[0] };
  const found = words.trim() === '' ? nearestStations(map, value ?? centre, SUGGESTED) : searchPlaces(map, words);
  const name = (place: Named): string => (language.lang === 'ko' ? place.name : place.name_en);
  const marks = useMemo<Mark[]>(
    () => (value ? [{ role, at: value, label: value.label ? placeName(map, value) : t(role === 'pickup' ? 'place.here' : 'place.there') }] : []),
    [value, role, language.lang],
  );
  const take = (at: LatLon, label: string | null): boolean => {
    if (!isInside(map, at)) { setNote(t(`problem.${role}_outside_area`)); return false; }
    setNote(null);
    onChange({ lat: round(at.lat), lon: round(at.lon), ...(label ? { label } : {}) });
    return true;
  };
  const locate = (): void => {
    setNote(t('place.locating'));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { take({ lat: coords.latitude, lon: coords.longitude }, null); setFit((n) => n + 1); },
      () => setNote(t('place.no_position')),
      { enableHighAccuracy: true, timeout: POSITION_MS_MAX, maximumAge: 0 },
    );
  };
  return (
    <section>
      <h1>{title}</h1>
      <p class="hint">{hint}</p>
      <input
        type="search" placeholder={t('place.search')} aria-label={t('place.search')} autocomplete="off" value={words}
        data-testid={`${role}-search`} onInput={(event) => setWords(event.currentTarget.value)}
      />
      <div class="choices places">
        {found.map((place) => (
          <button
            type="button" key={`${place.name}${place.lat}`} data-testid="place" aria-pressed={value?.label === place.name}
            onClick={() => { take(place, place.name); setWords(''); setFit((n) => n + 1); }}
          >{name(place)}</button>
        ))}
        {found.length === 0 && <p class="hint">{t('place.none')}</p>}
      </div>
      {role === 'pickup' && (
        <button type="button" class="quiet" data-testid="my-position" onClick={locate}>{t('place.mine')}</button>
      )}
      {note && <p class="hint" role="status">{note}</p>}
      <PhoneMap info={map} marks={marks} fitKey={`${role}${fit}`} choose={{ role, at: value, onChoose: (at) => take(at, null) }} />
      <p class="hint">{t('place.tap')}</p>
      <div class="row">
        <button type="button" onClick={onBack} data-testid="step-back">{t('back')}</button>
        <button type="button" class="main" disabled={!value} onClick={onNext} data-testid={`${role}-next`}>{t('next')}</button>
      </div>
    </section>
  );
}

/** About a metre; more digits would only look exact. */
const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
