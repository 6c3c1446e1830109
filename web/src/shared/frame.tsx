// Owns what every page has around its content: language switch, connection banner, sign-in, the SOS button.
import { render, type ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Problem, Unreachable, type Api } from './api';
import { fieldWords, language, t, tCode } from './i18n';
import { keyPerThing } from './key';
import type { TokenStore } from './session';
import type { LinkState } from './socket';
import { forgetCallOfOthers, isCallUnsure, type Sos } from './sos';
import { useStore } from './store';
import type { Role, Session } from './types';
import './base.css';

/** Starts a page: language first, so that nothing is drawn twice. */
export async function start(page: () => ComponentChildren): Promise<void> {
  await language.restore();
  const Root = () => { useStore(language); return <>{page()}</>; };
  render(<Root />, document.getElementById('app')!);
}

export function explain(error: unknown): string {
  if (error instanceof Problem) {
    const sentence = tCode('problem', error.code);
    const field = error.field ? ` (${fieldWords(error.field)})` : '';
    const why = error.violations.map((code) => tCode('violation', code)).join(', ');
    const again = error.retryAfterS === null ? '' : ` ${t('retry_in', { n: error.retryAfterS })}`;
    return sentence + field + (why ? `: ${why}` : '') + again;
  }
  if (error instanceof Unreachable) return t('problem.unreachable');
  throw error;
}

export function LangSwitch() {
  const other = language.lang === 'ko' ? 'en' : 'ko';
  return (
    <button type="button" class="quiet" data-testid="lang-switch" lang={other} onClick={() => void language.use(other)}>
      {other === 'en' ? 'English' : '한국어'}
    </button>
  );
}

export function Banner({ link, waiting = 0, onReturn }: { link: LinkState; waiting?: number; onReturn?: () => void }) {
  if (link.kind === 'open') return null;
  if (link.kind === 'connecting') return <p class="banner soft" role="status">{t('link.connecting')}</p>;
  if (link.kind === 'waiting') {
    return (
      <p class="banner" role="status" data-testid="offline">
        {t('link.waiting')}{waiting > 0 && ` ${t('link.queued', { n: waiting })}`}
      </p>
    );
  }
  return (
    <p class="banner hard" role="alert" data-testid="stopped" data-reason={link.reason}>
      {tCode('closed', link.reason)}
      {onReturn && link.reason !== 'left' && <button type="button" onClick={onReturn}>{t('link.here')}</button>}
    </p>
  );
}

interface SignInProps { api: Api; tokens: TokenStore; role: Role; /** The last sign-in was ended by the server. */ ended: boolean; onSession: (session: Session) => void; notice?: ComponentChildren }
export function SignIn({ api, tokens, role, ended, onSession, notice }: SignInProps) {
  const [code, setCode] = useState('');
  const [keyOf] = useState(keyPerThing);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const session = await api.signIn(code.trim(), keyOf(code.trim()));
      if (session.role !== role) {
        // A code works once and this one opened the wrong door: its token is ended, not kept.
        api.setToken(session.token);
        await api.signOut().catch(() => {});
        api.setToken(null);
        setError(t('signin.wrong_page'));
        return;
      }
      forgetCallOfOthers(session.account);
      tokens.write(session.token);
      api.setToken(session.token);
      onSession(session);
    } catch (problem) {
      setError(explain(problem));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <h1 class="unseen">{t('title')}</h1>
      {isCallUnsure() && <p class="notice" data-testid="sos-unsure">{t('sos.unsure')} <a href="tel:112">112</a></p>}
      {ended && <p class="error" role="alert" data-testid="signed-out">{t('closed.not_signed_in')}</p>}
      {notice}
      <form onSubmit={submit}>
        <label for="code">{t('signin.code')}</label>
        <input
          id="code" data-testid="code-input" value={code} autocomplete="off" autocapitalize="characters" spellcheck={false}
          enterkeyhint="go" required maxLength={64} onInput={(event) => setCode(event.currentTarget.value)}
        />
        <p class="hint">{t(role === 'supervisor' ? 'signin.hint' : 'signin.hint_kept')}</p>
        {error && <p class="error" role="alert">{error}</p>}
        <button type="submit" class="main" data-testid="sign-in" disabled={busy || code.trim() === ''}>{t('signin.go')}</button>
      </form>
    </main>
  );
}

export const HOLD_MS = 1_000;
/** Press and hold: long enough not to happen in a pocket, silent, and plain about what is known. */
export function SosButton({ sos, trip, before }: { sos: Sos; trip: string | null; before?: () => Promise<void> }) {
  useStore(sos);
  const [holding, setHolding] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const stop = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    setHolding(false);
  };
  const begin = (): void => {
    if (timer.current !== null) return;
    setHolding(true);
    timer.current = setTimeout(() => {
      stop();
      void before?.();
      void sos.raise(trip);
    }, HOLD_MS);
  };
  useEffect(() => stop, []);
  const isHoldKey = (event: KeyboardEvent): boolean => event.key === 'Enter' || event.key === ' ';
  return (
    <section class="sos-box">
      {sos.isFree ? (
        <button
          type="button" class={`sos ${holding ? 'holding' : ''}`} data-testid="sos" aria-describedby="sos-how"
          onPointerDown={begin} onPointerUp={stop} onPointerLeave={stop} onPointerCancel={stop}
          onContextMenu={(event) => event.preventDefault()}
          onKeyDown={(event) => { if (isHoldKey(event)) begin(); }} onKeyUp={stop} onBlur={stop}
        >SOS</button>
      ) : null}
      <SosSaid sos={sos} />
      {sos.state === 'taken' && <button type="button" class="quiet" onClick={() => sos.reset()}>{t('close')}</button>}
    </section>
  );
}

/** What is known of the call; where nothing has arrived, the number to call instead. */
export function SosSaid({ sos: { state, isLate, code } }: { sos: Pick<Sos, 'state' | 'isLate' | 'code'> }) {
  const said = state === 'idle' ? 'how' : state === 'sending' && isLate ? 'late' : state;
  return (
    <p id="sos-how" data-testid="sos-state" data-state={state} role="status">
      {t(`sos.${said}`)}
      {(said === 'late' || said === 'refused') && <> <a class="call" href="tel:112" data-testid="sos-call">112</a></>}
      {said === 'refused' && ` ${tCode('problem', code ?? '')}`}
    </p>
  );
}

/** A second look before something that cannot be undone. */
export function Confirm({ question, yes, onYes, onNo }: { question: string; yes: string; onYes: () => void; onNo: () => void }) {
  const no = useRef<HTMLButtonElement>(null);
  // The harmless answer has the focus; the button that asked is gone.
  useLayoutEffect(() => no.current?.focus(), []);
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onNo();
  };
  return (
    <div class="confirm" role="alertdialog" aria-label={question} onKeyDown={onKey}>
      <p>{question}</p>
      <button type="button" ref={no} onClick={onNo} data-testid="confirm-no">{t('back')}</button>
      <button type="button" class="danger" onClick={onYes} data-testid="confirm-yes">{yes}</button>
    </div>
  );
}
