// Owns the list of trips: exceptions first, each with a shape, a word and a colour, and an age that counts.
import { useEffect, useRef } from 'preact/hooks';
import { clockTime, dayTime, span, t, tCode } from '../shared/i18n';
import { useTick } from '../shared/store';
import { isOpen, type Phase, type Trip } from '../shared/types';
import { areaName, roughly } from './coarse';
import type { Desk } from './desk';
import { isWarned, isWarning, signText } from './signs';
import { WAITING, waitedMs } from './worklist';

/** Rows drawn at once; what is below is calmer than what is above. */
const ROWS_MAX = 200;
const SHAPES: Partial<Record<Phase, string>> = {
  requested: '○', matching: '○', offered: '◔', assigned: '◑', en_route: '◕', arrived: '●', met: '●', escorting: '◉',
  reserved: '◷', completed: '✓', cancelled: '×', no_show: '!', unserved: '×',
};

export function TripList({ desk }: { desk: Desk }) {
  useTick(1000);
  const list = desk.list;
  return (
    <section aria-label={t('list.title')}>
      <h2>{t('list.title')}</h2>
      <p class="hint keys">{t('list.keys')}</p>
      {list.length === 0 && <p class="hint">{t('list.empty')}</p>}
      <ul class="rows">
        {list.slice(0, ROWS_MAX).map((trip) => <Row key={trip.id} desk={desk} trip={trip} />)}
      </ul>
      {list.length > ROWS_MAX && <p class="hint">{t('list.more', { n: list.length - ROWS_MAX })}</p>}
    </section>
  );
}

function Row({ desk, trip }: { desk: Desk; trip: Trip }) {
  const selected = desk.selected === trip.id;
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!selected) return;
    row.current?.scrollIntoView({ block: 'nearest' });
    // The keyboard's focus follows the keys when it is in the list.
    if (document.activeElement?.matches('.trip-row')) row.current?.focus();
  }, [selected]);
  const red = trip.phase === 'no_show' || (trip.escalated === true && isOpen(trip.phase));
  const waited = waitedMs(trip, desk.now());
  const signs = isOpen(trip.phase) ? (trip.watch ?? []) : [];
  return (
    <li>
      <button
        type="button" ref={row} class={`trip-row ${red ? 'red' : isWarned(trip) ? 'warned' : ''} ${isOpen(trip.phase) ? '' : 'over'}`} aria-pressed={selected}
        data-testid="trip-row" data-trip={trip.id} data-phase={trip.phase} data-escalated={String(trip.escalated === true)}
        onClick={() => desk.select(selected ? null : trip.id)}
      >
        <span class="shape" aria-hidden="true">{red ? '▲' : SHAPES[trip.phase]}</span>
        <span class="word">{trip.escalated && isOpen(trip.phase) ? `${t('list.escalated')} · ` : ''}{tCode('phase', trip.phase)}</span>
        <span class="age">{waited === null ? when(trip) : span(waited / 1000)}</span>
        <span class="what">
          {trip.rider_ref ?? trip.id.slice(-6)}{roughly(trip) && ` · ${areaName(desk.map, roughly(trip)!)}`}
          {trip.crew && trip.crew.length > 0 ? ` · ${trip.crew.map(({ no }) => no).join('+')}` : ''}
        </span>
        {isOpen(trip.phase) && trip.crew?.map(({ no, after, next }) => (after || next) && (
          <span key={no} class="sign" data-testid="chained">→ {no} {t(after ? 'detail.comes_after' : 'detail.goes_on')}</span>
        ))}
        {signs.map((sign) => (
          <span key={sign.sign + sign.nos.join()} class={`sign ${isWarning(sign) ? 'warning' : ''}`} data-testid="sign" data-sign={sign.sign}>
            {isWarning(sign) ? '▲' : '●'} {signText(sign, desk.now())}
          </span>
        ))}
      </button>
    </li>
  );
}

function when(trip: Trip): string {
  if (trip.pickup_at && (trip.phase === 'reserved' || WAITING.includes(trip.phase))) return dayTime(trip.pickup_at);
  const at = isOpen(trip.phase) ? trip.requested_at : trip.updated_at;
  return at ? clockTime(at) : '';
}
