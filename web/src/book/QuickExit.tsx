// Owns leaving at once: the button, the keys, and what they do: in the same moment nothing but the day's date under a neutral
// address, in place of this page in the history; then the neutral page itself, as soon as the line gives it.
import { useEffect } from 'preact/hooks';
import { civilDay, t } from '../shared/i18n';
import { koreanDate } from '../shared/korea';
import { holdForCall } from '../shared/sos';

/** A call for help that is being sent holds this page for a moment: a request on the wire outlives the page by itself
 *  (`keepalive`), but one that waits for its next try would be lost with it. A bad line may hold it too: so the address is the
 *  neutral one from the start, and what stands here is harmless. */
export function leaveQuickly(): void {
  const today = document.createElement('p');
  today.className = 'card';
  today.textContent = `${t('title')} · ${civilDay(koreanDate(Date.now()))}`;
  document.body.replaceChildren(today);
  history.replaceState(null, '', '/weather');
  const go = (): void => location.replace('/weather');
  const call = holdForCall();
  if (call) void call.then(go);
  else go();
}

export function QuickExit() {
  useEffect(() => {
    let presses = 0;
    let last = 0;
    const onKey = (event: KeyboardEvent): void => {
      // Three presses of Shift within two seconds each; Escape would stop the page from loading.
      presses = event.key !== 'Shift' || event.repeat ? 0 : event.timeStamp - last < 2000 ? presses + 1 : 1;
      last = event.timeStamp;
      if (presses === 3) leaveQuickly();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return <button type="button" class="exit" data-testid="quick-exit" onClick={leaveQuickly}>{t('exit')}</button>;
}
