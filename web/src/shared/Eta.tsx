// Owns what is said of how long a crew member still takes. An ETA stands on a position: with an old one it is faint and says
// so, with one too old or none at all it is not said.
import { clockTime, span, t } from './i18n';
import { HOLLOW_AFTER_S } from './map/overlay';
import type { CrewAt, CrewEta, Next } from './types';

/** A time, how late it may become, and how it is known. */
export type Timed = Pick<CrewEta, 'eta_s' | 'eta_p90_s' | 'eta_source' | 'eta_promised_on'>;

/** After so much silence a position leads nowhere; the matcher does not use it either. */
export const SILENT_AFTER_S = 60;

/** `later` are those whose place is another rider's way. */
export interface CrewSeen { crew: CrewAt[]; at: number; later?: CrewEta[] | undefined }
/** Positions as old as they are now, not as old as when they came. */
export function agedCrew(seen: CrewSeen | null | undefined, nowMs: number): CrewAt[] {
  return (seen?.crew ?? []).map((member) => ({ ...member, age_s: member.age_s + (nowMs - seen!.at) / 1000 }));
}

/** The ETA that may be shown, and the age to be shown with it or in its place. */
export function etaOf(at: CrewAt | undefined): { eta_s: number | null; old_s: number | null } {
  if (!at) return { eta_s: null, old_s: null };
  return { eta_s: at.age_s > SILENT_AFTER_S ? null : at.eta_s, old_s: at.age_s > HOLLOW_AFTER_S ? at.age_s : null };
}

/** That no way leads there now, of a position that is none too old: known, and not the same as silence. */
export const isCutOff = (at: Partial<Timed> & { age_s?: number } | undefined): boolean =>
  at?.eta_source === 'no_way' && (at.age_s ?? 0) <= SILENT_AFTER_S;

/** When they are there at the latest, nine times of ten; `null` where that reads like the ETA itself. */
export function lateOf(at: Timed): string | null {
  const late = at.eta_p90_s ?? null;
  return at.eta_s === null || late === null || span(late) === span(at.eta_s) ? null : t('trip.eta_late', { late: span(late) });
}

/** That it is a guess, or what was said when it was accepted; `null` of a time along streets. */
export function guessOf({ eta_s, eta_source, eta_promised_on }: Timed): string | null {
  if (eta_s === null) return null;
  const words = [eta_source === 'promise' && t('eta.promise'), (eta_source === 'straight' || eta_promised_on === 'straight') && t('eta.straight')];
  return words.filter(Boolean).join(' · ') || null;
}

/** Both, to be read after the time itself. */
export const sureness = (at: Timed): string => [lateOf(at), guessOf(at)].map((word) => (word ? ` (${word})` : '')).join('');

/** The same of what follows, whose time is told as one of day. */
export function promiseSureness({ at, p90_at, eta_promised_on }: Next): string {
  const late = p90_at && clockTime(p90_at) !== clockTime(at) ? ` (${t('trip.eta_late', { late: clockTime(p90_at) })})` : '';
  return `${late} (${guessOf({ eta_s: 0, eta_source: 'promise', eta_promised_on })})`;
}

/** Who finishes another trip first: that, and when they can be here as far as anybody knows. */
export function Finishing({ seen, no, later }: { seen: CrewSeen | null | undefined; no: number; later?: boolean | undefined }) {
  const eta = seen?.later?.find((one) => one.no === no);
  return (
    <span data-testid="finishing">
      {` ${t(later ? 'trip.finishing_later' : 'trip.finishing')}`}{eta && eta.eta_s !== null && ` · ${t('trip.eta', { eta: span(eta.eta_s) })}`}{eta && sureness(eta)}{isCutOff(eta) && ` · ${t('eta.no_way')}`}
    </span>
  );
}

/** `at` is missing when the server said where the crew is and could not say it of this one. */
export function Eta({ at, coming }: { at: CrewAt | undefined; coming: boolean }) {
  const { eta_s, old_s } = etaOf(at);
  return (
    <>
      {coming && eta_s !== null && <span data-testid="eta" class={old_s === null ? '' : 'hint'}> {t('trip.eta', { eta: span(eta_s) })}</span>}
      {coming && eta_s !== null && lateOf(at!) !== null && <span class="hint" data-testid="late"> {lateOf(at!)}</span>}
      {coming && eta_s !== null && guessOf(at!) !== null && <span class="hint" data-testid="guess"> ({guessOf(at!)})</span>}
      {coming && isCutOff(at) && <span class="hint" data-testid="no-way"> {t('eta.no_way')}</span>}
      {coming && !at && <span class="hint"> {t('violation.stale_fix')}</span>}
      {old_s !== null && <span class="hint"> {t('trip.old', { age: span(old_s) })}</span>}
    </>
  );
}
