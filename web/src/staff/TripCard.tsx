// Owns the trip under way on a staff phone: one next action, the meeting point, the partner, the words, and the two ways out.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { now } from '../shared/clock';
import { Confirm } from '../shared/frame';
import { agedCrew, Eta, etaOf, Finishing, isCutOff } from '../shared/Eta';
import { clockTime, dayTime, language, span, t, tCode, type Key } from '../shared/i18n';
import { PhoneMap } from '../shared/map/PhoneMap';
import { HOLLOW_AFTER_S, type Mark } from '../shared/map/overlay';
import { placeName } from '../shared/places';
import { useStore, useTick } from '../shared/store';
import type { MapInfo, Mode, Phase, Trip, Way } from '../shared/types';
import { Word } from '../shared/Word';
import { BEFORE_MET, nextTap, ownPhase, type Duty } from './duty';
import { WayList } from './WayList';
import { Where } from './Where';

interface Props { duty: Duty; trip: Trip; map: MapInfo | null }
export function TripCard({ duty, trip, map }: Props) {
  const asking = duty.askedOf(trip);
  useTick(1000);
  const phase = ownPhase(trip);
  const next = nextTap(trip);
  const saying = duty.isSaying(trip.id);
  const fresh = useFresh(next);
  const early = next === 'en_route' ? duty.setOutFrom : null;
  const toEnd = trip.phase === 'met' || trip.phase === 'escorting';
  const place = toEnd ? trip.dropoff : trip.pickup;
  return (
    <section class="card">
      <h1 data-testid="trip-phase" data-phase={trip.phase} data-own={phase} data-trip={trip.id}>{tCode('phase', phase)}</h1>
      {trip.pickup_at && <p><strong>{dayTime(trip.pickup_at)}</strong></p>}
      {next && (
        <button type="button" class="main" data-testid="next-action" data-to={next} disabled={saying || fresh || early !== null} onClick={() => (next === 'completed' ? duty.completeLater() : duty.status(next))}>
          {saying && duty.later.about !== trip.id ? t('staff.saying') : t(`do.${next}` as Key)}
        </button>
      )}
      {early && <p role="status" data-testid="set-out-from">{t('staff.set_out_from', { time: clockTime(early) })}</p>}
      {!next && phase === 'arrived' && <p role="status">{t('staff.wait_partner')}</p>}
      <p class="say">{t(toEnd ? 'staff.to_end' : 'staff.to_meet')}: <strong data-testid="place">{placeName(map, place)}</strong>{ownEta(duty, trip)}</p>
      <InZone trip={trip} way={duty.ahead.way} />
      <Where duty={duty} />
      <Bicycle mode={duty.shift?.mode} together={toEnd} way={duty.ahead.way} />
      <Partners duty={duty} trip={trip} />
      {trip.word && BEFORE_MET.includes(trip.phase) && (
        <div class="words" data-testid="words">
          <div><span>{t('word.yours')}</span><Word said={trip.word} testid="word" /></div>
          <div><span>{t('word.rider')}</span><Word said={trip.partner_word} testid="partner-word" /></div>
        </div>
      )}
      {map && <TripMap duty={duty} trip={trip} map={map} />}
      <WayList ahead={duty.ahead} />
      {asking === null && (
        <div class="far-apart">
          {BEFORE_MET.includes(trip.phase) && (
            <button type="button" class="danger" data-testid="drop-out" onClick={() => duty.ask('drop_out')}>{t('staff.drop_out')}</button>
          )}
          {phase === 'arrived' && (
            <button type="button" class="danger" data-testid="no-show" onClick={() => duty.ask('no_show')}>{t('staff.no_show')}</button>
          )}
        </div>
      )}
      {asking === 'drop_out' && (
        <Confirm question={t('staff.drop_out_sure')} yes={t('staff.drop_out')} onNo={() => duty.ask(null)} onYes={() => { duty.ask(null); duty.dropOut(trip.id); }} />
      )}
      {asking === 'no_show' && (
        <Confirm question={t('staff.no_show_sure')} yes={t('staff.no_show')} onNo={() => duty.ask(null)} onYes={() => { duty.ask(null); duty.status('no_show'); }} />
      )}
    </section>
  );
}

/** Whose zone it is, and why, is not said; nor that the way leads out, for it may end inside: one that knows of zones has as few metres in them
 *  as can be. */
export function InZone({ trip, way }: { trip: Pick<Trip, 'in_zone'>; way: Pick<Way, 'to' | 'zones'> | null }) {
  if (!trip.in_zone) return null;
  const knows = way?.to === 'dropoff' && way.zones !== 'none';
  return <p class="hint" role="status" data-testid="in-zone">{t('staff.in_zone')}{knows && ` ${t('staff.in_zone_way')}`}</p>;
}

/** With the rider nobody rides a bicycle. Said once it is known how they go together: the way ahead may still be the one to the meeting. */
export function Bicycle({ mode, together, way }: { mode: Mode | undefined; together: boolean; way: Pick<Way, 'to' | 'mode'> | null }) {
  if (mode !== 'cycle' || !together || way?.to !== 'dropoff') return null;
  return <p class="hint" role="status" data-testid="bicycle">{t(way.mode === 'walk' ? 'staff.bicycle_push' : 'staff.bicycle_leave')}</p>;
}

/** The button stays where it is and changes its meaning: for a moment it is dead, so that a double tap says one thing. */
const FRESH_MS = 800;
function useFresh(what: string | null): boolean {
  const [seen, setSeen] = useState(what);
  useEffect(() => {
    if (seen === what) return;
    const timer = setTimeout(() => setSeen(what), FRESH_MS);
    return () => clearTimeout(timer);
  }, [what, seen]);
  return seen !== what;
}

/** How long this member still takes, as far as the position it stands on allows. */
export function ownEta(duty: Pick<Duty, 'crewAt'>, trip: Trip): string {
  const own = trip.crew?.find(({ you }) => you);
  const at = agedCrew(duty.crewAt, now()).find(({ no }) => no === own?.no);
  const { eta_s, old_s } = etaOf(at);
  if (!isComing(ownPhase(trip))) return '';
  if (eta_s === null) return isCutOff(at) ? ` · ${t('eta.no_way')}` : '';
  return ` · ${t('staff.own_eta', { eta: span(eta_s) })}${old_s === null ? '' : ` (${t('trip.old', { age: span(old_s) })})`}`;
}
const isComing = (phase: Phase): boolean => phase === 'assigned' || phase === 'en_route';

export function Partners({ duty, trip }: { duty: Pick<Duty, 'crewAt'>; trip: Trip }) {
  const crew = agedCrew(duty.crewAt, now());
  return (
    <ul class="crew">
      {(trip.crew ?? []).filter(({ you }) => !you).map((member) => (
        <li key={member.no} data-testid="partner-row" data-phase={member.phase}>
          {t('staff.partner')}: <strong>{member.display ?? member.no}</strong> <span class="chip">{tCode('phase', member.phase)}</span>
          {member.finishing ? <Finishing seen={duty.crewAt} no={member.no} later={member.later} /> : duty.crewAt && <Eta at={crew.find(({ no }) => no === member.no)} coming={isComing(member.phase)} />}
        </li>
      ))}
    </ul>
  );
}

function TripMap({ duty, trip, map }: Props & { map: MapInfo }) {
  useStore(duty.locator);
  useStore(duty.ahead);
  const me = duty.locator.last;
  const ownNo = trip.crew?.find(({ you }) => you)?.no;
  const crew = agedCrew(duty.crewAt, now()).filter(({ no }) => no !== ownNo);
  const drawn = crew.map((m) => `${m.no}:${m.lat}:${m.lon}:${m.age_s > HOLLOW_AFTER_S}`).join();
  const marks = useMemo<Mark[]>(() => {
    const pins: Mark[] = [];
    if (trip.pickup) pins.push({ role: 'pickup', at: trip.pickup, label: t('place.here') });
    if (trip.dropoff) pins.push({ role: 'dropoff', at: trip.dropoff, label: t('place.there') });
    for (const m of crew) pins.push({ role: 'crew', at: m, label: String(m.no), age_s: m.age_s, acc_m: m.acc_m });
    if (me) pins.push({ role: 'me', at: me });
    return pins;
  }, [drawn, trip, me, language.lang]);
  return <PhoneMap info={map} marks={marks} way={duty.ahead.way?.line} fitKey={`${trip.id}${trip.phase}${crew.length}`} tall />;
}
