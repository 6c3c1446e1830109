// Owns leaving at once: the button, the keys, and what they do: blank first, then a neutral page in place of this one in the
// history.
import { useEffect } from 'preact/hooks';
import { t } from '../shared/i18n';
import { holdForCall } from '../shared/sos';

/** A call for help that is being sent holds the blank page for a moment: a request on the wire outlives the page by itself
 *  (`keepalive`), but one that waits for its next try would be lost with it. The address is the neutral one from the start. */
export function leaveQuickly(): void {
  document.title = ' ';
  document.documentElement.style.visibility = 'hidden';
  document.body.replaceChildren();
  const go = (): void => location.replace('/weather');
  const call = holdForCall();
  if (!call) return go();
  history.replaceState(null, '', '/weather');
  void call.then(go);
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
