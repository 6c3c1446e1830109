// Owns the alarms above the work list: who called, where the device was and how sure that is, the registered places, and who
// took it. Says only what is known.
import { useEffect, useRef } from 'preact/hooks';
import { clockTime, span, t } from '../shared/i18n';
import { placeName } from '../shared/places';
import { useTick } from '../shared/store';
import type { Incident } from '../shared/types';
import { TAKEN_SHOWN_MS, type Desk } from './desk';
import { ageS } from './layers';

export function AlarmList({ desk }: { desk: Desk }) {
  const alarms = desk.alarms.filter(({ acknowledged_at }) => !acknowledged_at || desk.now() - Date.parse(acknowledged_at) < TAKEN_SHOWN_MS);
  const ringing = alarms.filter(({ acknowledged_at }) => !acknowledged_at).length;
  useTick(1000, ringing > 0);
  const top = useRef<HTMLElement>(null);
  // The list may be scrolled far down when it rings.
  useEffect(() => { if (ringing > 0) top.current?.scrollIntoView({ block: 'start' }); }, [ringing]);
  if (alarms.length === 0) return null;
  return (
    <section ref={top} class="alarms" aria-live="assertive" aria-label={t('alarm.title')}>
      {alarms.map((incident) => <Card key={incident.id} desk={desk} incident={incident} />)}
    </section>
  );
}

function Card({ desk, incident }: { desk: Desk; incident: Incident }) {
  const taken = incident.acknowledged_at !== null;
  const sinceRaised = (desk.now() - Date.parse(incident.raised_at)) / 1000;
  const { position, live, doubted } = incident;
  const moved = position && live && position.taken_at !== live.taken_at;
  return (
    <article
      class={`alarm ${taken ? 'taken' : ''}`} data-testid="alarm" data-incident={incident.id} data-acknowledged={String(taken)}
    >
      <h2>▲ {t(`alarm.kind.${incident.kind}`)} · {incident.raised_by === 'rider' ? t('alarm.rider') : t('alarm.staff', { no: incident.no ?? '?' })}</h2>
      <p>{clockTime(incident.raised_at)} · {t('alarm.ago', { age: span(sinceRaised) })}</p>
      {!incident.concerned && <p>{t('alarm.not_yours')}</p>}
      {incident.concerned && incident.kind === 'sos' && <p>
        {live ?? position
          ? t('alarm.device', { acc: Math.round((live ?? position)!.acc_m), age: span(ageS((live ?? position)!, desk.now())) })
          : t('alarm.no_device')}
      </p>}
      {doubted && <p class="redtext" data-testid="doubted">▲ {t('alarm.doubted', {
        why: t(`doubt.${doubted.verdict ?? 'jump'}`), place: placeName(desk.map, doubted), acc: Math.round(doubted.acc_m), age: span(ageS(doubted, desk.now())),
      })}</p>}
      {moved && <p class="hint" data-testid="first-fix">{t('alarm.first')}: {span(ageS(position, desk.now()))}</p>}
      {incident.registered.length > 0 && (
        <p>{t('alarm.registered')}: {incident.registered.map((place) => placeName(desk.map, place)).join(', ')}{incident.kind === 'sos' && <><br />{t('alarm.both')}</>}</p>
      )}
      {taken
        ? <p data-testid="acknowledged-by"><strong>{t('alarm.taken', { who: incident.acknowledged_by ?? '?', time: clockTime(incident.acknowledged_at!) })}</strong></p>
        : incident.concerned && <button type="button" class="main" data-testid="acknowledge" onClick={() => void desk.acknowledge(incident.id)}>{t('alarm.acknowledge')}{desk.keyed?.id === incident.id && ' (a)'}</button>}
      {incident.trip && desk.trips.has(incident.trip) && (
        <button type="button" class="quiet" onClick={() => desk.select(incident.trip)}>{t('alarm.trip')}</button>
      )}
    </article>
  );
}
