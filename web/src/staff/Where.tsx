// Owns what is said of the position this phone sends: as sent only when one has gone out lately. On a trip only what is wrong.
import { t, type Key } from '../shared/i18n';
import { useStore, useTick } from '../shared/store';
import type { Duty } from './duty';

/** The word for it, and whether somebody has to do something about it. */
export function whereSaid({ locator, isSeen, waitingFixes, trip }: Pick<Duty, 'isSeen' | 'waitingFixes' | 'trip'> & { locator: Pick<Duty['locator'], 'failed' | 'demo'> }): { word: Key; bad: boolean } {
  if (locator.failed) return { word: locator.demo ? 'demo.failed' : trip ? 'staff.position_lost' : 'staff.no_position', bad: true };
  const said = isSeen ? 'ok' : waitingFixes > 0 ? 'unsent' : 'wait';
  return { word: `staff.position_${said}`, bad: trip !== null && said !== 'ok' };
}

export function Where({ duty }: { duty: Duty }) {
  useStore(duty.locator);
  useTick(1000);
  const { word, bad } = whereSaid(duty);
  if (duty.trip && !bad) return null;
  return <p class={bad ? 'error' : 'hint'} role="status" data-testid="where" data-said={word}>{t(word)}</p>;
}
