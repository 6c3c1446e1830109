// Owns the course of the open trip as it is on the record, for the centre: what happened, whose deed it was, when. Fetched when it
// is opened, and again while it is open. A word this page does not know is shown as it is.
import { useEffect, useState } from 'preact/hooks';
import { explain } from '../shared/frame';
import { dayTime, language, t, tCode, type Key } from '../shared/i18n';
import type { HistoryEvent } from '../shared/types';
import type { Desk } from './desk';

const AGAIN_EVERY_MS = 5_000;

export function Course({ desk, trip }: { desk: Desk; trip: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="quiet" data-testid="course-open" aria-expanded={open} onClick={() => setOpen(!open)}>{t(open ? 'course.close' : 'course.open')}</button>
      {open && <Events desk={desk} trip={trip} key={trip} />}
    </>
  );
}

function Events({ desk, trip }: { desk: Desk; trip: string }) {
  const [events, setEvents] = useState<HistoryEvent[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let alive = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        const got = await desk.api.history(trip);
        if (!alive) return;
        setEvents(got);
        setFault(null);
      } catch (error) { if (alive) setFault(error); }
      if (alive) timer = setTimeout(() => void load(), AGAIN_EVERY_MS);
    };
    void load();
    return () => { alive = false; clearTimeout(timer); };
  }, [desk, trip]);
  return (
    <section data-testid="course" aria-label={t('course.title')}>
      <h2>{t('course.title')}</h2>
      {fault ? <p class="error" role="alert">{explain(fault)}</p> : null}
      {events?.length === 0 && <p class="hint">{t('course.none')}</p>}
      <ol class="course">
        {events?.map((one) => <li key={one.at + one.event + one.no} data-event={one.event}><time>{dayTime(one.at)}</time> {eventText(one)}</li>)}
      </ol>
    </section>
  );
}

/** "Staff 114: came into a zone to be avoided". */
export function eventText({ event, to, by, no }: HistoryEvent): string {
  const key = `course.${event}`;
  const what = to ? tCode('phase', to) : language.has(key) ? t(key as Key) : event;
  const who = no !== null ? t('alarm.staff', { no }) : by ? t(`course.by.${by}`) : null;
  return who ? `${who}: ${what}` : what;
}
