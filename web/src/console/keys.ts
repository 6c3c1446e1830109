// Owns the keys that drive the console: j and k along the list, d into the open trip, v its exact places, a takes an alarm, t the travel times,
// Escape closes; never while someone types. A key is meant by its letter, whatever Caps Lock or the Korean layout make of it.
import { useEffect } from 'preact/hooks';
import type { Desk } from './desk';

/** The letter of a key, or its name. */
export function keyOf({ key, code }: Pick<KeyboardEvent, 'key' | 'code'>): string {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  // Another script on the same keys.
  return /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : key;
}

/** The view of travel times, which lies over the rest. */
export interface TravelView { shown: boolean; toggle: () => void }

export function press(desk: Desk, event: Pick<KeyboardEvent, 'key' | 'code' | 'repeat'>, travel: TravelView): void {
  const key = keyOf(event);
  if (key === 'j') desk.step(1);
  else if (key === 'k') desk.step(-1);
  else if (key === 'd') document.getElementById('detail')?.focus();
  else if (key === 'Escape' && travel.shown) travel.toggle();
  else if (key === 'Escape') desk.select(null);
  // Held down, a key is one press: nobody takes by it what they have not read.
  else if (event.repeat) return;
  else if (key === 'v') void desk.toggleReveal();
  else if (key === 'a') takeAlarm(desk);
  else if (key === 't') travel.toggle();
}

/** Takes the alarm whose card says so, if that card is on the screen; else brings it there, to be read first. */
function takeAlarm(desk: Desk): void {
  const alarm = desk.keyed;
  if (!alarm) return;
  const card = document.querySelector(`[data-incident="${CSS.escape(alarm.id)}"]`);
  if (!card) return;
  const [at, pane] = [card.getBoundingClientRect(), card.closest('.work')!.getBoundingClientRect()];
  if (at.top >= Math.max(0, pane.top) && at.bottom <= Math.min(innerHeight, pane.bottom)) void desk.acknowledgeKeyed();
  else card.scrollIntoView({ block: 'center' });
}

export function useKeys(desk: Desk, travel: TravelView): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || target.closest('input:not([type=checkbox]), textarea, select')) return;
      press(desk, event, travel);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [desk, travel.shown]);
}
