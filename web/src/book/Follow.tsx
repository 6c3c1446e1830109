// Owns the one status screen of a trip: what state it is in by the server's word, who comes and where they are, the words to
// exchange, calling it off, and SOS. Says nothing the server has not said.
import { useMemo } from 'preact/hooks';
import { mayChange } from '../shared/api';
import { now } from '../shared/clock';
import { Confirm } from '../shared/frame';
import { agedCrew, Eta, Finishing, type CrewSeen } from '../shared/Eta';
import { SOS_RETRY_MS } from '../shared/sos';
import { dayTime, language, t, tCode, type Key } from '../shared/i18n';
import { PhoneMap } from '../shared/map/PhoneMap';
import { HOLLOW_AFTER_S, type Mark } from '../shared/map/overlay';
import { placeName } from '../shared/places';
import { useTick } from '../shared/store';
import { Word } from '../shared/Word';
import { isOpen, type CrewAt, type MapInfo, type Phase, type Trip } from '../shared/types';
import { CANCELLABLE, type Rider } from './rider';

/** The phases in which the rider may see people coming. */
const WITH_CREW: readonly Phase[] = ['assigned', 'en_route', 'arrived', 'met', 'escorting'];
const COMING: readonly Phase[] = ['assigned', 'en_route'];
const STEPS: readonly Phase[] = ['matching', 'assigned', 'en_route', 'arrived', 'escorting'];

interface Props { rider: Rider; trip: Trip; map: MapInfo | null; onAnother: () => void }
export function Follow({ rider, trip, map, onAnother }: Props) {
  const asked = rider.isAsked(trip);
  useTick(1000, WITH_CREW.includes(trip.phase));
  const seen = rider.crewAt.get(trip.id);
  const crew = agedCrew(seen, now());
  return (
    <>
      <section class="card">
        <h1 data-testid="trip-phase" data-phase={trip.phase} data-trip={trip.id} aria-live="polite">{tCode('phase', trip.phase)}</h1>
        <p class="say">{sentence(trip)}</p>
        {trip.pickup_at && <p><strong>{dayTime(trip.pickup_at)}</strong></p>}
        <Steps phase={trip.phase} />
        {WITH_CREW.includes(trip.phase) && <CrewList trip={trip} crew={seen && crew} seen={seen} />}
        {WITH_CREW.includes(trip.phase) && trip.word && <Words trip={trip} />}
        {WITH_CREW.includes(trip.phase) && trip.pickup && map && <TripMap trip={trip} map={map} crew={crew} />}
        <dl class="facts">
          {trip.pickup?.label && <><dt>{t('book.meet')}</dt><dd>{placeName(map, trip.pickup)}</dd></>}
          {trip.dropoff?.label && <><dt>{t('book.to')}</dt><dd>{placeName(map, trip.dropoff)}</dd></>}
        </dl>
        {CANCELLABLE.includes(trip.phase) && !asked && rider.later.about !== trip.id && (
          <button type="button" class="danger" data-testid="cancel" onClick={() => rider.askCancel(trip.id)}>{t('trip.cancel')}</button>
        )}
        {asked && (
          <Confirm
            question={t('trip.cancel_sure')} yes={t('trip.cancel')} onNo={() => rider.askCancel(null)}
            onYes={() => rider.cancelLater(trip.id)}
          />
        )}
      </section>
      {!isOpen(trip.phase) && <button type="button" class="main" data-testid="trip-close" onClick={() => rider.dismiss()}>{t('close')}</button>}
      <button type="button" class="quiet" data-testid="book-another" onClick={onAnother}>{t('book.another')}</button>
    </>
  );
}

function sentence(trip: Trip): string {
  const crew = t(`crew.${Math.min(4, Math.max(1, trip.crew_size ?? 2))}` as Key);
  if (trip.escalated && ['requested', 'reserved', 'matching', 'offered'].includes(trip.phase)) return t('say.escalated');
  return t(trip.crew_was_late ? 'say.crew_late' : (`say.${trip.phase}` as Key), { crew });
}

function Steps({ phase }: { phase: Phase }) {
  const place: Partial<Record<Phase, number>> =
    { requested: 0, reserved: 0, matching: 0, offered: 0, assigned: 1, en_route: 2, arrived: 3, met: 4, escorting: 4 };
  const at = place[phase];
  if (at === undefined) return null;
  return (
    <ol class="steps" aria-hidden="true">
      {/* The first step stands for all that comes before a crew; while it lasts it has the phase's own word. */}
      {STEPS.map((step, i) => <li key={step} class={i < at ? 'past' : i === at ? 'now' : ''}>{tCode('phase', i === 0 && at === 0 ? phase : step)}</li>)}
    </ol>
  );
}

/** `crew` is missing until the server has said once where they are. */
export function CrewList({ trip, crew, seen }: { trip: Trip; crew: CrewAt[] | undefined; seen?: CrewSeen | undefined }) {
  return (
    <ul class="crew" data-testid="crew">
      {(trip.crew ?? []).map((member) => (
        <li key={member.no}>
          <strong>{member.display ?? member.no}</strong> <span class="chip">{tCode('phase', member.phase)}</span>
          {member.finishing ? <Finishing seen={seen} no={member.no} later={member.later} /> : crew && <Eta at={crew.find(({ no }) => no === member.no)} coming={COMING.includes(member.phase)} />}
        </li>
      ))}
    </ul>
  );
}

function Words({ trip }: { trip: Trip }) {
  return (
    <div class="words" data-testid="words">
      <div><span>{t('word.theirs')}</span><Word said={trip.partner_word} testid="partner-word" /></div>
      <div><span>{t('word.yours')}</span><Word said={trip.word} testid="word" /></div>
      <p class="hint">{t('word.why')}</p>
    </div>
  );
}

function TripMap({ trip, map, crew }: { trip: Trip; map: MapInfo; crew: CrewAt[] }) {
  // Redrawn when a position came or turned hollow, not at every tick of the age.
  const drawn = crew.map((m) => `${m.no}:${m.lat}:${m.lon}:${m.age_s > HOLLOW_AFTER_S}`).join();
  const marks = useMemo<Mark[]>(() => {
    const pins: Mark[] = [];
    if (trip.pickup) pins.push({ role: 'pickup', at: trip.pickup, label: t('place.here') });
    if (trip.dropoff && ['met', 'escorting'].includes(trip.phase)) pins.push({ role: 'dropoff', at: trip.dropoff, label: t('place.there') });
    for (const m of crew) pins.push({ role: 'crew', at: m, label: String(m.no), age_s: m.age_s, acc_m: m.acc_m });
    return pins;
  }, [drawn, trip, language.lang]);
  return <PhoneMap info={map} marks={marks} fitKey={`${trip.id}${trip.phase}${crew.length}`} tall />;
}

/** So often a position is sent that has reached nobody: by then the call has brought people to ask. */
export const TELL_TRIES = 3;
/** One position with a call for help, and only when this page may already have it: a question on the screen is not silent. It counts
 *  as the newest, and replaces no phone that goes on sending. */
export async function tellPosition({ api }: Pick<Rider, 'api'>, pause: (ms: number) => Promise<void> = sleep): Promise<void> {
  const allowed = await navigator.permissions?.query({ name: 'geolocation' }).catch(() => null);
  if (allowed?.state !== 'granted') return;
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    const takenAt = now();
    const send = async (triesLeft: number): Promise<void> => {
      const fix = { lat: coords.latitude, lon: coords.longitude, acc_m: Math.round(coords.accuracy), kind: 'gps' as const, age_ms: Math.round(now() - takenAt), seq: 1 };
      try {
        await api.sendFix(fix);
      } catch (error) {
        if (!mayChange(error) || triesLeft === 0) return;
        await pause(SOS_RETRY_MS);
        await send(triesLeft - 1);
      }
    };
    void send(TELL_TRIES - 1);
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
