// Owns what the trip watch sees, in words: plain, with whom it is about and for how long. Says nothing of where.
import { span, t } from '../shared/i18n';
import { isOpen, type Trip, type WatchSign } from '../shared/types';

/** What somebody has to look at; the rest is good to know. */
const WARNINGS: readonly WatchSign['sign'][] = ['silent', 'no_way', 'left_meeting', 'in_zone', 'apart'];

export const isWarning = ({ sign }: WatchSign): boolean => WARNINGS.includes(sign);
export const isWarned = ({ phase, watch }: Trip): boolean => isOpen(phase) && (watch ?? []).some(isWarning);

/** "Staff 114: no position for 2 min". */
export function signText({ sign, nos, since }: WatchSign, nowMs: number): string {
  const no = nos.join('·');
  if (since === null) return t('watch.silent_never', { no });
  const ageS = Math.max(0, (nowMs - Date.parse(since)) / 1000);
  // Whole minutes that have passed: rounded up it would be said too early.
  return t(`watch.${sign}`, { no, age: span(ageS < 60 ? ageS : Math.floor(ageS / 60) * 60) });
}
