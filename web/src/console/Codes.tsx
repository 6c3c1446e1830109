// Owns the giving of one-time sign-in codes: to the own staff from a list, to the rider of a trip from its card. Asks before, shows
// a code once, and keeps it nowhere: it is gone when it is put away, with the list or the card, and when it has run out.
import { useEffect, useState } from 'preact/hooks';
import { Confirm } from '../shared/frame';
import { clockTime, t } from '../shared/i18n';
import type { GivenCode, StaffRow } from '../shared/types';
import type { Desk } from './desk';

interface Props { desk: Desk; whose: { account: string } | { trip: string }; label: string }
export function GiveCode({ desk, whose, label }: Props) {
  const [state, setState] = useState<'idle' | 'asking' | 'sending'>('idle');
  const [given, setGiven] = useState<GivenCode | null>(null);
  useEffect(() => {
    if (!given) return;
    const timer = setTimeout(() => setGiven(null), Math.max(0, Date.parse(given.expires_at) - desk.now()));
    return () => clearTimeout(timer);
  }, [given, desk]);
  const give = async (): Promise<void> => {
    setState('sending');
    setGiven(await desk.giveCode(whose));
    setState('idle');
  };
  if (given) {
    return (
      <div class="given" role="status" data-testid="given-code">
        <p>{label}</p>
        <output data-testid="code">{given.code}</output>
        <p>{t('code.until', { time: clockTime(given.expires_at) })}</p>
        <p class="hint">{t('code.once')}</p>
        <button type="button" data-testid="code-away" onClick={() => setGiven(null)}>{t('code.away')}</button>
      </div>
    );
  }
  if (state === 'asking') return <Confirm question={`${label}: ${t('code.sure')}`} yes={t('code.make')} onNo={() => setState('idle')} onYes={() => void give()} />;
  return <button type="button" data-testid="give-code" disabled={state === 'sending'} onClick={() => setState('asking')}>{label}</button>;
}

const ROWS_MAX = 30;

/** By number, those whose number or name holds the words. */
export function staffFor(rows: Iterable<StaffRow>, words: string): StaffRow[] {
  const sought = words.trim().toLowerCase();
  const fits = ({ no, display }: StaffRow): boolean => String(no).includes(sought) || display.toLowerCase().includes(sought);
  return [...rows].filter(fits).sort((a, b) => a.no - b.no);
}

/** The own staff, to be found by number or name. */
export function StaffCodes({ desk }: { desk: Desk }) {
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState('');
  if (!open) return <button type="button" class="quiet" data-testid="codes-open" onClick={() => setOpen(true)}>{t('code.staff')}</button>;
  const found = staffFor(desk.staff.values(), words);
  return (
    <section class="codes" data-testid="codes" aria-label={t('code.staff')}>
      <h2>{t('code.staff')} <button type="button" class="quiet" data-testid="codes-close" onClick={() => { setOpen(false); setWords(''); }}>{t('close')}</button></h2>
      <label>{t('code.find')}<input value={words} data-testid="codes-find" autocomplete="off" onInput={(event) => setWords(event.currentTarget.value)} /></label>
      {found.length === 0 && <p class="hint">{t('code.nobody')}</p>}
      <ul class="rows">
        {found.slice(0, ROWS_MAX).map((row) => (
          <li key={row.id} data-no={row.no}><GiveCode desk={desk} whose={{ account: row.id }} label={`${row.no} · ${row.display}`} /></li>
        ))}
      </ul>
      {found.length > ROWS_MAX && <p class="hint">{t('list.more', { n: found.length - ROWS_MAX })}</p>}
    </section>
  );
}
