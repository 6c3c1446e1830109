// Owns the rider's page: sign-in, then asking or following. Each screen is its own file.
import { useEffect, useState } from 'preact/hooks';
import { Api, Problem } from '../shared/api';
import { Banner, explain, LangSwitch, SignIn, SosButton, start } from '../shared/frame';
import { t } from '../shared/i18n';
import { TokenStore } from '../shared/session';
import { useStore } from '../shared/store';
import { UndoBar } from '../shared/UndoBar';
import { isOpen } from '../shared/types';
import { useArrival } from './arrival';
import { Ask } from './Ask';
import { Follow, tellPosition } from './Follow';
import { History } from './History';
import { QuickExit } from './QuickExit';
import { Rider } from './rider';

const tokens = new TokenStore('book');
const api = new Api(tokens.read());

function Notice() {
  return (
    <aside class="notice" data-testid="watched-notice">
      <strong>{t('watched.title')}</strong>
      <p>{t('watched.text')} <a href="tel:1366">1366</a></p>
      <p class="hint">{t('watched.exit')}</p>
    </aside>
  );
}

function Page() {
  const [signedIn, setSignedIn] = useState(tokens.read() !== null);
  const [ended, setEnded] = useState(false);
  const signOut = (byServer: boolean): void => { tokens.clear(); api.setToken(null); setSignedIn(false); setEnded(byServer); };
  api.onSignedOut = () => signOut(true);
  return (
    <div class="phone">
      <header class="top"><LangSwitch /><QuickExit /></header>
      {signedIn
        ? <Signed onSignOut={() => { void api.signOut().catch(() => {}).finally(() => signOut(false)); }} />
        : <SignIn api={api} tokens={tokens} role="rider" ended={ended} notice={<Notice />} onSession={() => setSignedIn(true)} />}
    </div>
  );
}

function Signed({ onSignOut }: { onSignOut: () => void }) {
  const [rider] = useState(() => new Rider(api));
  const [asking, setAsking] = useState(false);
  useStore(rider);
  useEffect(() => { rider.open(); return () => rider.close(); }, [rider]);
  const trip = rider.current;
  const pending = rider.retrying;
  const inTheWay = rider.trouble.refusal instanceof Problem ? rider.trouble.refusal.trip : null;
  const following = trip !== null && !asking && !pending;
  useArrival(following);
  return (
    <>
      <Banner link={rider.link} onReturn={() => rider.comeBack()} />
      <main>
        <UndoBar delayed={rider.later} />
        {rider.trouble.said ? <p class="error" role="alert" data-testid="problem">{explain(rider.trouble.said)}</p> : null}
        {inTheWay && <button type="button" data-testid="show-overlap" onClick={() => { rider.show(inTheWay); setAsking(false); }}>{t('book.show_other')}</button>}
        {pending && <p class="card" role="status" data-testid="pending">{t('book.pending')}</p>}
        {rider.known && !pending && (trip && following
          ? <Follow key={trip.id} rider={rider} trip={trip} map={rider.map} onAnother={() => { rider.show(null); setAsking(true); }} />
          : rider.map && <Ask rider={rider} map={rider.map} onDone={() => setAsking(false)} onBack={trip ? () => setAsking(false) : null} />)}
        <History rider={rider} />
        <button type="button" class="quiet" data-testid="sign-out" onClick={() => void rider.leave().then(onSignOut)}>{t('signout')}</button>
        <p class="hint">{t('watched.short')} <a href="tel:1366">1366</a></p>
        <div class={following ? 'within-reach' : ''}>
          <SosButton sos={rider.sos} trip={trip && isOpen(trip.phase) ? trip.id : null} before={() => tellPosition(rider)} />
        </div>
      </main>
    </>
  );
}

void start(() => <Page />);
