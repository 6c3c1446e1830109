// Owns the supervisor's page: sign-in, then list, map and detail side by side, and the keys that drive them.
import { useEffect, useState } from 'preact/hooks';
import { Api } from '../shared/api';
import { Banner, explain, LangSwitch, SignIn, start } from '../shared/frame';
import { language, span, t, tCode } from '../shared/i18n';
import type { Map as DrawnMap } from '../shared/map/engine';
import { TokenStore } from '../shared/session';
import { useStore, useTick } from '../shared/store';
import { STAFF_STATES } from '../shared/types';
import { Alarm } from './alarm';
import { AlarmList } from './AlarmList';
import { StaffCodes } from './Codes';
import { Desk } from './desk';
import { Detail } from './Detail';
import { useKeys } from './keys';
import { STATE_COLORS } from './layers';
import { LiveMap } from './LiveMap';
import { TripList } from './TripList';
import words from './words.ko.json';
import { counters } from './worklist';
import './console.css';

language.bring({ ko: words, en: async () => (await import('./words.en.json')).default });
const tokens = new TokenStore('console');
const api = new Api(tokens.read());
const alarm = new Alarm();
// Any touch of the page is a chance to be allowed to sound. Not as it begins: the button for it goes then, those beside it move away under the
// finger, and what was pressed never hears of it.
for (const touch of ['click', 'keydown']) addEventListener(touch, () => { if (alarm.isMute) alarm.unlock(); });

function Page() {
  const [signedIn, setSignedIn] = useState(tokens.read() !== null);
  const [ended, setEnded] = useState(false);
  const signOut = (byServer: boolean): void => { tokens.clear(); api.setToken(null); setSignedIn(false); setEnded(byServer); };
  api.onSignedOut = () => signOut(true);
  if (signedIn) return <Signed onSignOut={() => { void api.signOut().catch(() => {}).finally(() => signOut(false)); }} />;
  return (
    <div class="phone">
      <header class="top"><LangSwitch /></header>
      <SignIn api={api} tokens={tokens} role="supervisor" ended={ended} onSession={() => setSignedIn(true)} />
    </div>
  );
}

/** Fetched when it is first asked for. */
type Travel = typeof import('./Travel').default;

function Signed({ onSignOut }: { onSignOut: () => void }) {
  const [desk] = useState(() => new Desk(api, alarm));
  useStore(desk);
  useStore(alarm);
  useEffect(() => { desk.open(); return () => desk.close(); }, [desk]);
  const [map, setMap] = useState<DrawnMap | null>(null);
  const [travel, setTravel] = useState<{ View: Travel } | null>(null);
  const toggleTravel = (): void => {
    if (travel) setTravel(null);
    else void desk.bring(async () => setTravel({ View: (await import('./Travel')).default }));
  };
  useKeys(desk, { shown: travel !== null, toggle: toggleTravel });
  return (
    <div class={`desk ${alarm.isRinging ? 'ringing' : ''} ${desk.openTrip ? 'opened' : ''}`}>
      <header class="strip">
        <h1 class="unseen">{t('desk.title')}</h1>
        <Counters desk={desk} />
        <span class="grow" />
        <Looking desk={desk} />
        <button type="button" class="quiet" data-testid="travel-open" aria-pressed={travel !== null} onClick={toggleTravel}>{t('travel.open')}</button>
        {alarm.isMute && <button type="button" class={alarm.isRinging ? 'exit' : ''} data-testid="sound-on" onClick={() => alarm.unlock()}>{t('alarm.sound_on')}</button>}
        <span class="hint who">{desk.me?.display}</span>
        <LangSwitch />
        <button type="button" class="quiet" data-testid="sign-out" onClick={onSignOut}>{t('signout')}</button>
      </header>
      <Banner link={desk.link} onReturn={() => desk.comeBack()} />
      {desk.behind && desk.link.kind === 'open' && <p class="banner" role="status" data-testid="behind">{t('desk.behind')}</p>}
      {desk.unreadable.includes('incidents') && <p class="banner hard" role="alert" data-testid="unreadable-alarms">{t('desk.unreadable_alarms')}</p>}
      {desk.unreadable.some((of) => of === 'trips' || of === 'staff' || of === 'series') && <p class="banner hard" role="status" data-testid="unreadable">{t('desk.unreadable')}</p>}
      {desk.unreadable.includes('outbox') && <p class="banner hard" role="status" data-testid="unreadable-messages">{t('desk.unreadable_messages')}</p>}
      {desk.unreadable.includes('conditions') && <p class="banner hard" role="status" data-testid="unreadable-streets">{t('desk.unreadable_streets')}</p>}
      {desk.error ? <p class="banner hard" role="alert" data-testid="problem">{explain(desk.error)}</p> : null}
      <div class="panes">
        <aside class="work">
          <AlarmList desk={desk} />
          <TripList desk={desk} />
          <StaffCodes desk={desk} />
        </aside>
        <main class="stage">
          {desk.map && <LiveMap desk={desk} info={desk.map} onMap={setMap} />}
          <Legend />
          {travel && <travel.View desk={desk} map={map} onClose={toggleTravel} />}
        </main>
        {desk.openTrip && <Detail desk={desk} map={map} trip={desk.openTrip} key={desk.openTrip.id} />}
      </div>
    </div>
  );
}

function Counters({ desk }: { desk: Desk }) {
  useTick(1000);
  const count = counters(desk.trips.values(), desk.staff.values(), desk.now());
  const oldest = count.oldestWaitingMs === null ? '–' : span(count.oldestWaitingMs / 1000);
  return (
    <dl class="counters" data-testid="counters">
      <div><dt>{t('count.available')}</dt><dd data-testid="count-available">{count.available}</dd></div>
      {count.silent > 0 && <div><dt>{t('count.silent')}</dt><dd data-testid="count-silent">{count.silent}</dd></div>}
      <div><dt>{t('count.busy')}</dt><dd data-testid="count-busy">{count.busy}</dd></div>
      <div><dt>{t('count.open')}</dt><dd data-testid="count-open">{count.open}</dd></div>
      <div class={count.escalated > 0 ? 'red' : ''}><dt>{t('count.escalated')}</dt><dd data-testid="count-escalated">{count.escalated}</dd></div>
      <div class={(count.oldestWaitingMs ?? 0) > 60_000 ? 'red' : ''}><dt>{t('count.oldest')}</dt><dd>{oldest}</dd></div>
    </dl>
  );
}

/** The record keeps who looked; whoever stands behind this screen can see that somebody does. */
function Looking({ desk }: { desk: Desk }) {
  useStore(desk.reveal);
  useTick(500, desk.reveal.shown !== null);
  if (desk.reveal.shown === null) return null;
  return <span class="looking" data-testid="looking">◆ {t('reveal.looking', { n: desk.reveal.leftS })}</span>;
}

function Legend() {
  return (
    <ul class="legend" aria-label={t('legend.title')}>
      {STAFF_STATES.slice(0, 6).map((state, i) => (
        <li key={state}><i style={`background:${STATE_COLORS[i]}`} />{tCode('state', state)}</li>
      ))}
      <li><i class="hollow" />{t('legend.hollow')}</li>
      <li><b>◇</b>{t('legend.cell')}</li>
      <li><b>◆</b>{t('legend.trip')}</li>
      <li><b class="redtext">▲</b>{t('legend.escalated')}</li>
      <li><b>3 / 1</b>{t('legend.count')}</li>
    </ul>
  );
}

void start(() => <Page />);
