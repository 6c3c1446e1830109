// Owns the four steps of asking: when, where to meet, where to, check and ask.
import { useState } from 'preact/hooks';
import { civilDay, t, type Key } from '../shared/i18n';
import { koreanDate, koreanTime } from '../shared/korea';
import { placeName } from '../shared/places';
import type { MapInfo } from '../shared/types';
import { useArrival } from './arrival';
import { bodyOf, EMPTY_DRAFT, WEEKDAYS, type Draft, type When } from './draft';
import { PlaceStep } from './PlaceStep';
import type { Rider } from './rider';

interface Props { rider: Rider; map: MapInfo; onDone: () => void; onBack: (() => void) | null }
export function Ask({ rider, map, onDone, onBack }: Props) {
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [step, setStep] = useState(1);
  const [sending, setSending] = useState(false);
  useArrival(step);
  const set = (part: Partial<Draft>): void => setDraft((old) => ({ ...old, ...part }));
  const submit = async (): Promise<void> => {
    const body = bodyOf(draft, Date.now());
    if (!body) return;
    setSending(true);
    try {
      const booked = await rider.pending.send(rider.api, body);
      for (const trip of booked.trips) rider.take(trip);
      rider.trouble.refusal = null;
      setDraft(EMPTY_DRAFT);
      onDone();
      void rider.reload();
    } catch (error) {
      rider.trouble.refuse(error);
      void rider.retryPending();
    } finally {
      setSending(false);
    }
  };
  return (
    <div class="card">
      <p class="hint" aria-live="polite">{t('book.step', { n: step })}</p>
      {step === 1 && <WhenStep value={draft.when} onNext={(when) => { set({ when }); setStep(2); }} />}
      {step === 2 && (
        <PlaceStep
          map={map} role="pickup" title={t('book.meet')} hint={t('book.meet_hint')} value={draft.pickup}
          onChange={(pickup) => set({ pickup })} onBack={() => setStep(1)} onNext={() => setStep(3)}
        />
      )}
      {step === 3 && (
        <PlaceStep
          map={map} role="dropoff" title={t('book.to')} hint={t('book.to_hint')} value={draft.dropoff}
          onChange={(dropoff) => set({ dropoff })} onBack={() => setStep(2)} onNext={() => setStep(4)}
        />
      )}
      {step === 4 && draft.when && (
        <section>
          <h1>{t('book.check')}</h1>
          <dl class="facts">
            <dt>{t('book.when')}</dt><dd>{whenWords(draft.when)}</dd>
            <dt>{t('book.meet')}</dt><dd>{placeName(map, draft.pickup)}</dd>
            <dt>{t('book.to')}</dt><dd>{placeName(map, draft.dropoff)}</dd>
          </dl>
          <p>{t('book.two')}</p>
          <p class="hint">{t('book.word')}</p>
          <button type="button" class="main" data-testid="book-submit" disabled={sending} onClick={() => void submit()}>
            {sending ? t('book.sending') : t('book.ask')}
          </button>
          <button type="button" class="quiet" data-testid="step-back" onClick={() => setStep(3)}>{t('back')}</button>
        </section>
      )}
      {step === 1 && onBack && <button type="button" class="quiet" onClick={onBack}>{t('back')}</button>}
    </div>
  );
}

export const dayWord = (day: string): string => t(`day.${day}` as Key);

function whenWords(when: When): string {
  if (when.kind === 'now') return t('when.now');
  if (when.kind === 'at') return `${civilDay(when.date)} ${when.time}`;
  return `${when.days.map(dayWord).join(' ')} · ${when.outward} / ${when.back} · ~${civilDay(when.until)}`;
}
function WhenStep({ value, onNext }: { value: When | null; onNext: (when: When) => void }) {
  const now = Date.now();
  const soon = now + 60 * 60_000;
  const [kind, setKind] = useState<When['kind'] | null>(value?.kind === 'now' ? null : (value?.kind ?? null));
  const [date, setDate] = useState(value?.kind === 'at' ? value.date : koreanDate(soon));
  const [time, setTime] = useState(value?.kind === 'at' ? value.time : koreanTime(soon));
  const commute = value?.kind === 'commute' ? value : null;
  const [days, setDays] = useState(commute?.days ?? WEEKDAYS.slice(0, 5));
  const [outward, setOutward] = useState(commute?.outward ?? '08:10');
  const [back, setBack] = useState(commute?.back ?? '18:40');
  const [until, setUntil] = useState(commute?.until ?? koreanDate(now, 30));
  const toggle = (day: (typeof days)[number]): void =>
    setDays((old) => WEEKDAYS.filter((d) => (d === day ? !old.includes(d) : old.includes(d))));
  return (
    <section>
      <h1>{t('book.when')}</h1>
      <div class="choices">
        <button type="button" data-testid="when-now" onClick={() => onNext({ kind: 'now' })}>{t('when.now')}</button>
        <button type="button" data-testid="when-at" aria-pressed={kind === 'at'} onClick={() => setKind('at')}>{t('when.at')}</button>
        <button type="button" data-testid="when-commute" aria-pressed={kind === 'commute'} onClick={() => setKind('commute')}>{t('when.commute')}</button>
      </div>
      {kind === 'at' && (
        <form onSubmit={(event) => { event.preventDefault(); onNext({ kind: 'at', date, time }); }}>
          <label>{t('when.date')}<input type="date" required value={date} min={koreanDate(now)} data-testid="at-date" onInput={(e) => setDate(e.currentTarget.value)} /></label>
          <label>{t('when.time')}<input type="time" required value={time} data-testid="at-time" onInput={(e) => setTime(e.currentTarget.value)} /></label>
          <p class="hint">{t('when.korea')}</p>
          <button class="main" data-testid="when-next">{t('next')}</button>
        </form>
      )}
      {kind === 'commute' && (
        <form onSubmit={(event) => { event.preventDefault(); onNext({ kind: 'commute', days, outward, back, until }); }}>
          <div class="days" role="group" aria-label={t('when.days')}>
            {WEEKDAYS.map((day) => (
              <button type="button" key={day} aria-pressed={days.includes(day)} data-testid={`day-${day}`} onClick={() => toggle(day)}>{dayWord(day)}</button>
            ))}
          </div>
          <div class="row">
            <label>{t('when.outward')}<input type="time" required value={outward} data-testid="outward-at" onInput={(e) => setOutward(e.currentTarget.value)} /></label>
            <label>{t('when.return')}<input type="time" required value={back} data-testid="return-at" onInput={(e) => setBack(e.currentTarget.value)} /></label>
          </div>
          <label>{t('when.until')}<input type="date" required value={until} min={koreanDate(now, 1)} data-testid="until" onInput={(e) => setUntil(e.currentTarget.value)} /></label>
          <p class="hint">{t('when.commute_hint')}</p>
          <button class="main" data-testid="when-next" disabled={days.length === 0}>{t('next')}</button>
        </form>
      )}
    </section>
  );
}
