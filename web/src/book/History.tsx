// Owns the lists below the status screen: other trips, and the commutes with the days to skip.
import { useState } from 'preact/hooks';
import { Confirm } from '../shared/frame';
import { civilDay, dayTime, t, tCode } from '../shared/i18n';
import { koreanDate } from '../shared/korea';
import { ENDED, type Series } from '../shared/types';
import { dayWord } from './Ask';
import { WEEKDAYS } from './draft';
import type { Rider } from './rider';

const DAYS_SHOWN = 5;

export function History({ rider }: { rider: Rider }) {
  const others = rider.trips.filter((trip) => trip.id !== rider.current?.id);
  const series = rider.series.filter(({ ended }) => !ended);
  return (
    <>
      {series.map((one) => <SeriesCard key={one.id} series={one} rider={rider} />)}
      {others.length > 0 && (
        <section class="card">
          <h2>{t('trips.title')}</h2>
          <ul class="trips">
            {others.map((trip) => (
              <li key={trip.id} data-testid="past-trip" data-trip={trip.id} data-phase={trip.phase}>
                <span class={`chip ${ENDED.includes(trip.phase) ? 'ended' : ''}`}>{tCode('phase', trip.phase)}</span>{' '}
                {trip.escalated && !ENDED.includes(trip.phase) && <span class="chip bad">{t('trips.escalated')}</span>}{' '}
                {dayTime(trip.pickup_at ?? trip.requested_at ?? new Date(0).toISOString())}
                {trip.phase === 'reserved' && rider.later.about !== trip.id && (
                  <button type="button" class="quiet" onClick={() => rider.cancelLater(trip.id)}>{t('trip.cancel')}</button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** The next days this series runs, skipped ones included so that they are seen to be skipped. */
export function comingDays(series: Series, nowMs: number, count = DAYS_SHOWN): string[] {
  const days: string[] = [];
  for (let ahead = 0; ahead < 60 && days.length < count; ahead++) {
    const date = koreanDate(nowMs, ahead);
    const weekday = WEEKDAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]!;
    if (date >= series.from && date <= series.until && series.days.includes(weekday)) days.push(date);
  }
  return days;
}

function SeriesCard({ series, rider }: { series: Series; rider: Rider }) {
  const [ending, setEnding] = useState(false);
  return (
    <section class="card" data-testid="series" data-series={series.id}>
      <h2>{t('series.title')}</h2>
      <p>{series.days.map(dayWord).join(' ')} · {series.outward_at} / {series.return_at} · ~{civilDay(series.until)}</p>
      <ul class="trips">
        {comingDays(series, Date.now()).map((date) => (
          <li key={date}>
            {civilDay(date)}{' '}
            {series.skips.includes(date)
              ? <span class="chip ended">{t('series.skipped')}</span>
              : <button type="button" class="quiet" data-testid="skip" data-date={date} onClick={() => rider.skipLater(series.id, date)}>{t('series.skip')}</button>}
          </li>
        ))}
      </ul>
      {ending
        ? <Confirm question={t('series.end_sure')} yes={t('series.end')} onNo={() => setEnding(false)} onYes={() => { setEnding(false); void rider.endSeries(series.id); }} />
        : <button type="button" class="danger" onClick={() => setEnding(true)}>{t('series.end')}</button>}
    </section>
  );
}
