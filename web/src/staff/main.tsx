// Owns the staff page: sign-in, shift, and exactly one card at a time. Makes no sound.
import { useEffect, useState } from 'preact/hooks';
import { Api } from '../shared/api';
import { promiseSureness } from '../shared/Eta';
import { Banner, explain, LangSwitch, SignIn, SosButton, start } from '../shared/frame';
import { clockTime, t, tCode } from '../shared/i18n';
import { TokenStore } from '../shared/session';
import { useStore } from '../shared/store';
import { UndoBar } from '../shared/UndoBar';
import { nearestStations, placeName } from '../shared/places';
import type { Mode, Next as Follows } from '../shared/types';
import { Duty } from './duty';
import { OfferCard } from './OfferCard';
import { TripCard } from './TripCard';
import { Where } from './Where';
import './staff.css';

const tokens = new TokenStore('staff');
const api = new Api(tokens.read());

function Page() {
  const [signedIn, setSignedIn] = useState(tokens.read() !== null);
  const [ended, setEnded] = useState(false);
  const signOut = (byServer: boolean): void => { tokens.clear(); api.setToken(null); setSignedIn(false); setEnded(byServer); };
  api.onSignedOut = () => signOut(true);
  return (
    <div class="phone">
      <header class="top"><LangSwitch /></header>
      {signedIn
        ? <Signed onSignOut={() => { void api.signOut().catch(() => {}).finally(() => signOut(false)); }} />
        : <SignIn api={api} tokens={tokens} role="staff" ended={ended} onSession={() => setSignedIn(true)} />}
    </div>
  );
}

function Signed({ onSignOut }: { onSignOut: () => void }) {
  const [duty] = useState(() => new Duty(api));
  useStore(duty);
  useEffect(() => { duty.open(); return () => duty.close(); }, [duty]);
  const { shift, trip, working } = duty;
  useWakeLock(working);
  return (
    <>
      <Banner link={duty.link} waiting={duty.waitingTaps + duty.waitingFixes} onReturn={() => duty.comeBack()} />
      <main>
        <UndoBar delayed={duty.later} />
        {duty.trouble.said ? <p class="error" role="alert" data-testid="problem">{explain(duty.trouble.said)}</p> : null}
        {duty.me && <p class="hint">{duty.me.display}{duty.me.agency && ` · ${duty.me.agency.name}`}</p>}
        {(duty.gone?.kind === 'next' || !trip) && !duty.offer && <Gone duty={duty} />}
        {duty.known && !shift && !trip && !duty.offer && <StartShift duty={duty} />}
        {duty.known && !shift && trip && <p class="hint" data-testid="shift-over">{t('shift.over')}</p>}
        {(shift || trip || duty.offer) && <Now duty={duty} />}
        {working && <DemoWalk duty={duty} />}
        {shift && !trip && (
          <p>
            {t('shift.until', { time: clockTime(shift.ends_at) })} · <span data-testid="shift-mode" data-mode={shift.mode}>{t(`mode.${shift.mode}`)}</span>
            <button type="button" class="quiet" data-testid="shift-end" onClick={() => void duty.endShift()}>{t('shift.end')}</button>
          </p>
        )}
        {!trip && <button type="button" class="quiet" data-testid="sign-out" onClick={() => void duty.leave().then(onSignOut)}>{t('signout')}</button>}
        {(working || duty.sos.state !== 'idle' || duty.link.kind === 'stopped') && <div class="within-reach"><SosButton sos={duty.sos} trip={trip?.id ?? null} /></div>}
      </main>
    </>
  );
}

function Now({ duty }: { duty: Duty }) {
  const offer = duty.offer && duty.countdown && <OfferCard duty={duty} offer={duty.offer} countdown={duty.countdown} map={duty.map} />;
  if (duty.trip) return <><TripCard key={duty.trip.id} duty={duty} trip={duty.trip} map={duty.map} />{duty.next && <Next duty={duty} next={duty.next} />}{offer && duty.accepted !== duty.offer?.id && <OfferBelow duty={duty} />}{offer}</>;
  if (offer) return offer;
  return (
    <section class="card" data-testid="waiting">
      <h1>{t('staff.waiting')}</h1>
      <p class="hint">{t('staff.waiting_hint')}</p>
      <Where duty={duty} />
    </section>
  );
}

/** The offer comes below the trip, so that nothing moves under a finger; on a phone that is below the screen. This gives way to what can
    be undone for a few seconds, and to nothing else: what went wrong, which it may cover at the top, it says itself. */
function OfferBelow({ duty: { later, trouble } }: { duty: Duty }) {
  useStore(later);
  if (later.what) return null;
  const show = (): void => document.querySelector('[data-testid=offer-card]')?.scrollIntoView({ block: 'center' });
  return (
    <div class="offer-below">
      <button type="button" data-testid="offer-below" onClick={show}>{t('staff.offer_below')}</button>
      {trouble.said ? <p class="error" aria-hidden="true">{explain(trouble.said)}</p> : null}
    </div>
  );
}

/** What follows: when, and roughly where. The meeting point comes when this trip has ended. */
function Next({ duty, next }: { duty: Duty; next: Follows }) {
  const { trip, at, area, later } = next;
  const [near] = duty.map ? nearestStations(duty.map, area, 1) : [];
  return (
    <section class="card" data-testid="next" data-trip={trip} data-later={later === true}>
      <p><strong>{t('staff.next')}: {clockTime(at)}</strong><span class="hint" data-testid="next-sure">{promiseSureness(next)}</span>{near && ` · ${placeName(duty.map, { ...near, label: near.name })}`}</p>
      {later && <p role="status">{t('staff.next_later')}</p>}
      <button type="button" class="danger" data-testid="next-drop-out" disabled={duty.isSaying(trip)} onClick={() => duty.dropOut(trip)}>{t('staff.drop_out')}</button>
    </section>
  );
}

function Gone({ duty: { gone } }: { duty: Duty }) {
  return gone && <p class="card" data-testid="gone" data-reason={gone.reason}><strong>{tCode('gone', gone.reason)}</strong></p>;
}

function StartShift({ duty }: { duty: Duty }) {
  const [mode, setMode] = useState<Mode>('walk');
  const [hours, setHours] = useState(8);
  return (
    <form class="card" onSubmit={(event) => { event.preventDefault(); void duty.startShift(mode, hours); }}>
      <h1>{t('shift.title')}</h1>
      <div class="row choices">
        {(['walk', 'cycle', 'transit', 'drive'] as const).map((one) => (
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
  const { me, map } = duty;
  if (!me?.demo || !map) return null;
  return (
    <label class="switch">
      <input
        type="checkbox" data-testid="demo-walk" checked={duty.locator.demo}
        onChange={(event) => void duty.locator.useDemo(event.currentTarget.checked, map, me.no ?? 0, duty.locator.mode)}
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
