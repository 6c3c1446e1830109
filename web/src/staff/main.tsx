// Owns the staff page: sign-in, shift, and exactly one card at a time. Makes no sound.
import { useEffect, useState } from 'preact/hooks';
import { Api } from '../shared/api';
import { Banner, explain, LangSwitch, SignIn, SosButton, start } from '../shared/frame';
import { clockTime, t, tCode } from '../shared/i18n';
import { TokenStore } from '../shared/session';
import { useStore } from '../shared/store';
import { UndoBar } from '../shared/UndoBar';
import type { Mode } from '../shared/types';
import { Duty } from './duty';
import { OfferCard } from './OfferCard';
import { TripCard } from './TripCard';
import './staff.css';

const tokens = new TokenStore('staff');
const api = new Api(tokens.read());

function Page() {
  const [signedIn, setSignedIn] = useState(tokens.read() !== null);
  const signOut = (): void => { tokens.clear(); api.setToken(null); setSignedIn(false); };
  api.onSignedOut = signOut;
  return (
    <div class="phone">
      <header class="top"><LangSwitch /></header>
      {signedIn
        ? <Signed onSignOut={() => { void api.signOut().catch(() => {}).finally(signOut); }} />
        : <SignIn api={api} tokens={tokens} role="staff" onSession={() => setSignedIn(true)} />}
    </div>
  );
}

function Signed({ onSignOut }: { onSignOut: () => void }) {
  const [duty] = useState(() => new Duty(api));
  useStore(duty);
  useEffect(() => { duty.open(); return () => duty.close(); }, [duty]);
  useWakeLock(duty.shift !== null);
  return (
    <>
      <Banner link={duty.link} waiting={duty.waitingTaps + duty.waitingFixes} onReturn={() => duty.comeBack()} />
      <main>
        <UndoBar delayed={duty.later} />
        {duty.error ? <p class="error" role="alert" data-testid="problem">{explain(duty.error)}</p> : null}
        {duty.me && <p class="hint">{duty.me.display}{duty.me.agency && ` · ${duty.me.agency.name}`}</p>}
        {duty.known && !duty.shift && <StartShift duty={duty} />}
        {duty.shift && duty.map && <Now duty={duty} />}
        {duty.shift && <DemoWalk duty={duty} />}
        {duty.shift && !duty.trip && (
          <p>
            {t('shift.until', { time: clockTime(duty.shift.ends_at) })}
            <button type="button" class="quiet" data-testid="shift-end" onClick={() => void duty.endShift()}>{t('shift.end')}</button>
          </p>
        )}
        {!duty.trip && <button type="button" class="quiet" data-testid="sign-out" onClick={onSignOut}>{t('signout')}</button>}
        {duty.shift && <div class="within-reach"><SosButton sos={duty.sos} trip={duty.trip?.id ?? null} /></div>}
      </main>
    </>
  );
}

function Now({ duty }: { duty: Duty }) {
  if (duty.trip) return <TripCard duty={duty} trip={duty.trip} map={duty.map!} />;
  if (duty.offer && duty.countdown) return <OfferCard duty={duty} offer={duty.offer} countdown={duty.countdown} map={duty.map!} />;
  return (
    <section class="card" data-testid="waiting">
      {duty.gone && <p data-testid="gone" data-reason={duty.gone.reason}><strong>{tCode('gone', duty.gone.reason)}</strong></p>}
      <h1>{t('staff.waiting')}</h1>
      <p class="hint">{t('staff.waiting_hint')}</p>
      <Where duty={duty} />
    </section>
  );
}

function Where({ duty }: { duty: Duty }) {
  useStore(duty.locator);
  if (duty.locator.failed) return <p class="error">{t(duty.locator.demo ? 'demo.failed' : 'staff.no_position')}</p>;
  return <p class="hint">{t(duty.locator.last ? 'staff.position_ok' : 'staff.position_wait')}</p>;
}

function StartShift({ duty }: { duty: Duty }) {
  const [mode, setMode] = useState<Mode>('walk');
  const [hours, setHours] = useState(8);
  return (
    <form class="card" onSubmit={(event) => { event.preventDefault(); void duty.startShift(mode, hours); }}>
      <h1>{t('shift.title')}</h1>
      <div class="row choices">
        {(['walk', 'transit', 'drive'] as const).map((one) => (
          <button type="button" key={one} aria-pressed={mode === one} data-testid={`mode-${one}`} onClick={() => setMode(one)}>{t(`mode.${one}`)}</button>
        ))}
      </div>
      <label>
        {t('shift.hours')}
        <select data-testid="hours" value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
          {Array.from({ length: 10 }, (_, i) => i + 1).map((n) => <option key={n} value={n}>{n}</option>)}
        </select>
      </label>
      <p class="hint">{t('shift.position')}</p>
      <button class="main" data-testid="shift-start">{t('shift.start')}</button>
    </form>
  );
}

function DemoWalk({ duty }: { duty: Duty }) {
  useStore(duty.locator);
  if (!duty.me?.demo || !duty.map || !duty.shift) return null;
  const { map, me, shift } = { map: duty.map, me: duty.me, shift: duty.shift };
  return (
    <label class="switch">
      <input
        type="checkbox" data-testid="demo-walk" checked={duty.locator.demo}
        onChange={(event) => void duty.locator.useDemo(event.currentTarget.checked, map, me.no ?? 0, shift.mode)}
      />
      {t('demo.walk')}
    </label>
  );
}

/** The screen stays on during a shift where the browser can; a dark phone sends no position. */
function useWakeLock(on: boolean): void {
  useEffect(() => {
    if (!on || !('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | null = null;
    let left = false;
    const take = (): void => {
      if (document.visibilityState !== 'visible') return;
      navigator.wakeLock.request('screen').then((got) => { if (left) void got.release(); else lock = got; }).catch(() => {});
    };
    take();
    document.addEventListener('visibilitychange', take);
    return () => { left = true; document.removeEventListener('visibilitychange', take); void lock?.release(); };
  }, [on]);
}

void start(() => <Page />);
