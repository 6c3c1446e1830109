// Owns one trip opened by a supervisor: its phases, its crew, who could go and why the others may not, and what can be done
// by hand. Which action is allowed is the server's to say; this only leaves out what can never be right.
import { useState } from 'preact/hooks';
import { isCutOff, sureness } from '../shared/Eta';
import { Confirm } from '../shared/frame';
import { dayTime, span, t, tCode } from '../shared/i18n';
import type { Map as DrawnMap } from '../shared/map/engine';
import { placeName } from '../shared/places';
import { useStore, useTick } from '../shared/store';
import { isOpen, type Candidate, type Phase, type Doubt, type Mode, type Reach as Picture, type ReachCell, type Trip } from '../shared/types';
import { areaName, roughly } from './coarse';
import { GiveCode } from './Codes';
import { Course } from './Course';
import type { Desk } from './desk';
import { isWarning, signText } from './signs';

const TIMELINE: readonly Phase[] = ['requested', 'matching', 'offered', 'assigned', 'en_route', 'arrived', 'met', 'escorting', 'completed'];
/** After the meeting a supervisor ends the trip for a crew whose phones cannot. */
const TOGETHER: readonly Phase[] = ['met', 'escorting'];
const UNMET: readonly Phase[] = ['requested', 'reserved', 'matching', 'offered', 'assigned', 'en_route', 'arrived'];
/** While nobody has been found a named human may say that nobody can go. */
const SEARCHING: readonly Phase[] = ['requested', 'reserved', 'matching', 'offered'];
/** The phases of a member whose ETA says something. */
const STILL_COMING: readonly string[] = ['offered', 'assigned', 'en_route'];
const REASON_CHARS_MAX = 200;

export function Detail({ desk, map, trip }: { desk: Desk; map: DrawnMap | null; trip: Trip }) {
  const [asking, setAsking] = useState<'release' | 'cancel' | 'complete' | null>(null);
  const [reason, setReason] = useState('');
  const isOurs = isOpen(trip.phase) && trip.concerned !== false;
  const at = TIMELINE.indexOf(trip.phase === 'reserved' ? 'requested' : trip.phase);
  return (
    <aside class="detail" data-testid="detail" data-trip={trip.id} aria-label={t('detail.title')} tabIndex={-1} id="detail">
      <button type="button" class="quiet close" data-testid="detail-close" onClick={() => desk.select(null)}>{t('close')}</button>
      <h1 data-testid="trip-phase" data-phase={trip.phase}>
        {trip.escalated && isOpen(trip.phase) && <span class="redtext">▲ {t('list.escalated')} · </span>}{tCode('phase', trip.phase)}
      </h1>
      {at >= 0 && (
        <ol class="timeline">
          {TIMELINE.map((phase, i) => <li key={phase} class={i < at ? 'past' : i === at ? 'now' : ''} aria-current={i === at ? 'step' : undefined}>{tCode('phase', phase)}</li>)}
        </ol>
      )}
      <dl class="facts">
        <dt>{t('detail.ref')}</dt><dd>{trip.rider_ref ?? trip.id.slice(-6)}</dd>
        {trip.requested_at && <><dt>{t('detail.requested')}</dt><dd>{dayTime(trip.requested_at)}</dd></>}
        {trip.pickup_at && <><dt>{t('detail.pickup_at')}</dt><dd>{dayTime(trip.pickup_at)}</dd></>}
        {trip.trip_s ? <><dt>{t('offer.trip')}</dt><dd>{span(trip.trip_s)}</dd></> : null}
        <dt>{t('offer.crew')}</dt><dd>{t('offer.people', { n: trip.crew_size ?? 2 })}</dd>
      </dl>
      {isOpen(trip.phase) && <Signs desk={desk} trip={trip} />}
      {isOpen(trip.phase) && <Places desk={desk} trip={trip} />}
      <Crew desk={desk} trip={trip} />
      {UNMET.includes(trip.phase) && roughly(trip) && <Reach desk={desk} />}
      {isOpen(trip.phase) && !isOurs && <p class="hint" data-testid="not-concerned">{t('detail.not_concerned')}</p>}
      {isOurs && desk.candidates?.trip === trip.id && <Assign desk={desk} trip={trip} list={desk.candidates.list} />}
      {isOurs && asking === null && (
        <div class="actions">
          {mayRelease(trip) && <button type="button" data-testid="release" onClick={() => setAsking('release')}>{t('detail.release')}</button>}
          {TOGETHER.includes(trip.phase) && <button type="button" data-testid="complete" onClick={() => setAsking('complete')}>{t('detail.complete')}</button>}
          {UNMET.includes(trip.phase) && <button type="button" class="danger" data-testid="cancel" onClick={() => setAsking('cancel')}>{t('trip.cancel')}</button>}
        </div>
      )}
      {asking === 'release' && <Confirm question={t(TOGETHER.includes(trip.phase) ? 'detail.release_barred_sure' : 'detail.release_sure')} yes={t('detail.release')} onNo={() => setAsking(null)} onYes={() => { setAsking(null); void desk.act('release', () => desk.api.release(trip.id)); }} />}
      {asking === 'complete' && <Confirm question={t('detail.complete_sure')} yes={t('detail.complete')} onNo={() => setAsking(null)} onYes={() => { setAsking(null); void desk.act('complete', () => desk.api.complete(trip.id)); }} />}
      {asking === 'cancel' && <Confirm question={t('detail.cancel_sure')} yes={t('trip.cancel')} onNo={() => setAsking(null)} onYes={() => { setAsking(null); void desk.act('cancel', () => desk.api.cancel(trip.id)); }} />}
      {isOurs && desk.me?.agency?.kind === 'centre' && <GiveCode desk={desk} whose={{ trip: trip.id }} label={t('code.rider')} />}
      {isOurs && SEARCHING.includes(trip.phase) && (
        <form class="unserved" onSubmit={(event) => { event.preventDefault(); void desk.act('unserved', () => desk.api.unserved(trip.id, reason.trim())); }}>
          <label>{t('detail.unserved_why')}
            <input value={reason} maxLength={REASON_CHARS_MAX} required data-testid="unserved-reason" onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
          <button class="danger" data-testid="unserved-submit" disabled={reason.trim() === '' || desk.isActing('unserved')}>{t('detail.unserved')}</button>
        </form>
      )}
      {desk.me?.agency?.kind === 'centre' && <ZonesOf desk={desk} map={map} trip={trip.id} />}
      {desk.me?.agency?.kind === 'centre' && <Course desk={desk} trip={trip.id} key={trip.id} />}
    </aside>
  );
}

/** The zones of the trip's rider, fetched when they are first asked for. */
function ZonesOf({ desk, map, trip }: { desk: Desk; map: DrawnMap | null; trip: string }) {
  const [zones, setZones] = useState<{ View: typeof import('./Zones').default } | null>(null);
  const toggle = (): void => {
    if (zones) setZones(null);
    else void desk.bring(async () => setZones({ View: (await import('./Zones')).default }));
  };
  return (
    <>
      <button type="button" class="quiet" data-testid="zones-open" aria-expanded={zones !== null} onClick={toggle}>{t(zones ? 'zones.close' : 'zones.open')}</button>
      {zones && <zones.View desk={desk} map={map} trip={trip} />}
    </>
  );
}

/** Where it begins and ends: the area, and for a short time after a press the exact places. */
function Places({ desk, trip }: { desk: Desk; trip: Trip }) {
  useStore(desk.reveal);
  const shown = desk.reveal.shown === trip.id;
  useTick(500, shown);
  const about = roughly(trip);
  if (!about) return null;
  const { places } = desk.reveal;
  const exact = shown ? places : null;
  return (
    <div class={`places ${shown ? 'shown' : ''}`} data-testid="places" data-shown={String(shown)}>
      <dl class="facts">
        <dt>{t('book.meet')}</dt><dd data-testid="pickup">{exact ? placeName(desk.map, exact.pickup) : areaName(desk.map, about)}</dd>
        <dt>{t('book.to')}</dt><dd>{exact ? placeName(desk.map, exact.dropoff) : trip.dropoff_area ? areaName(desk.map, trip.dropoff_area) : t('place.hidden')}</dd>
      </dl>
      {trip.concerned !== false && <button type="button" data-testid="reveal" aria-pressed={shown} onClick={() => void desk.toggleReveal()}>
        {shown ? t('reveal.hide', { n: desk.reveal.leftS }) : t('reveal.show')} (v)
      </button>}
    </div>
  );
}

/** What the watch sees of the trip. */
function Signs({ desk, trip }: { desk: Desk; trip: Trip }) {
  const signs = trip.watch ?? [];
  useTick(1000, signs.length > 0);
  return (
    <ul class="signs" aria-live="polite" data-testid="signs">
      {signs.map((sign) => (
        <li key={sign.sign + sign.nos.join()} class={isWarning(sign) ? 'redtext' : ''}>{isWarning(sign) ? '▲' : '●'} {signText(sign, desk.now())}</li>
      ))}
    </ul>
  );
}

/** How late who comes from the farthest of it would be, and how its times are known. */
function reachSureness({ source, cells }: Picture): string {
  const farthest = cells.reduce<ReachCell | null>((far, cell) => (far && far.seconds >= cell.seconds ? far : cell), null);
  return (farthest ? sureness({ eta_s: farthest.seconds, eta_p90_s: farthest.p90_s, eta_source: farthest.source ?? source }) : '') + ` · ${t(source === 'calibrated' ? 'reach.calibrated' : 'reach.road')}`;
}

const REACHES = [null, 'walk', 'cycle', 'transit', 'drive'] as const;
/** From where somebody could be in the trip's area within 5, 10 or 15 minutes. */
function Reach({ desk }: { desk: Desk }) {
  const chosen = desk.reachAwaited ?? desk.reach?.mode ?? null;
  return (
    <div class="reach" data-testid="reach" data-cells={desk.reach?.cells.length ?? 0} aria-busy={desk.reachAwaited !== null}>
      <h2>{t('reach.title')}</h2>
      <div class="actions">
        {REACHES.map((mode) => (
          <button type="button" key={mode ?? 'off'} aria-pressed={chosen === mode} data-testid={`reach-${mode ?? 'off'}`} onClick={() => void desk.showReach(mode)}>
            {t(mode ? `mode.${mode}` : 'reach.off')}
          </button>
        ))}
      </div>
      {desk.reachAwaited && <p class="hint" role="status" data-testid="reach-awaited">{tCode('problem', 'not_yet')}</p>}
      {desk.reach && <p class="hint reach-legend" data-testid="reach-legend" data-source={desk.reach.source}><i /><i /><i /> {t('reach.legend')}{reachSureness(desk.reach)}</p>}
    </div>
  );
}

function Crew({ desk, trip }: { desk: Desk; trip: Trip }) {
  const known = new Map([...desk.staff.values()].map((one) => [one.no, one]));
  if (!trip.crew || trip.crew.length === 0) return null;
  return (
    <>
      <h2>{t('detail.crew')}</h2>
      <ul class="crew" data-testid="crew">
        {trip.crew.map((member) => (
          <li key={member.no} data-no={member.no} data-state={member.offer_state ?? member.phase}>
            <strong>{member.display ?? t('alarm.staff', { no: member.no })}</strong>{' '}
            <span class="chip">{member.offer_state ? t(`offerstate.${member.offer_state}`) : tCode('phase', member.phase)}</span>
            {member.barred && <span class="redtext" data-testid="barred"> ▲ {t('detail.barred')}</span>}
            {member.after && <button type="button" class="quiet" data-testid="after" onClick={() => desk.select(member.after!)}>{t('detail.comes_after')}</button>}
            {member.next && <button type="button" class="quiet" data-testid="goes-on" onClick={() => desk.select(member.next!)}>{t('detail.goes_on')}</button>}
            <Doubted why={known.get(member.no)?.verdict ?? null} />
            {STILL_COMING.includes(member.phase) && <Comes mode={known.get(member.no)?.mode ?? null} />}
            {STILL_COMING.includes(member.phase) && member.eta_s !== null && member.eta_s !== undefined && ` ${t('trip.eta', { eta: span(member.eta_s) })}${sureness({ ...member, eta_s: member.eta_s })}`}
            {STILL_COMING.includes(member.phase) && isCutOff(member) && <span class="redtext" data-testid="no-way"> ▲ {t('eta.no_way')}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** How somebody comes, which their time is found by. */
function Comes({ mode }: { mode: Mode | null }) {
  return mode && <span class="hint" data-testid="comes" data-mode={mode}> · {t(`mode.${mode}`)}</span>;
}

/** Why a marker stands still though its phone is sending. */
function Doubted({ why }: { why: Doubt | null }) {
  return why && <span class="redtext" data-testid="doubt"> ▲ {t(`doubt.${why}`)}</span>;
}

/** Before the meeting the whole crew can be freed; after it only who may not be in it, and not everybody. */
export function mayRelease({ phase, crew = [] }: Trip): boolean {
  const barred = crew.filter((member) => member.barred).length;
  return (UNMET.includes(phase) && crew.length > 0) || (TOGETHER.includes(phase) && barred > 0 && barred < crew.length);
}

/** Whether somebody may be ticked: the rules allow it, or they have accepted this very trip and are to stay. */
export function mayChoose({ no, violations }: Candidate, { crew = [] }: Trip): boolean {
  return violations.length === 0 || crew.some((member) => member.no === no && !member.barred && member.offer_state !== 'open');
}

/** Those who may go, soonest first, then those who may not: a long list of the barred must not hide them. */
export function whoMayFirst(list: readonly Candidate[]): Candidate[] {
  const barred = ({ violations }: Candidate): number => (violations.length > 0 ? 1 : 0);
  return [...list].sort((a, b) => barred(a) - barred(b));
}

function Assign({ desk, trip, list }: { desk: Desk; trip: Trip; list: Candidate[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const size = trip.crew_size ?? 2;
  const toggle = (staff: string): void =>
    setChosen((old) => (old.includes(staff) ? old.filter((one) => one !== staff) : [...old, staff].slice(-size)));
  const submit = async (): Promise<void> => {
    if (await desk.act('assign', () => desk.api.assign(trip.id, chosen))) setChosen([]);
  };
  return (
    <>
      <h2>{t('detail.candidates')} <button type="button" class="quiet" onClick={() => void desk.loadCandidates()}>{t('detail.refresh')}</button></h2>
      {list.length === 0 && <p class="hint">{t('detail.no_candidates')}</p>}
      <ul class="candidates" tabIndex={0} aria-label={t('detail.candidates')}>
        {whoMayFirst(list).map((one) => (
          <li key={one.staff} class={one.violations.length > 0 ? 'barred' : ''}>
            <label>
              <input
                type="checkbox" data-testid="candidate" data-no={one.no} checked={chosen.includes(one.staff)}
                disabled={!mayChoose(one, trip)} onChange={() => toggle(one.staff)}
              />
              <span><strong>{one.display}</strong>{' '}
                {one.eta_s !== null && `${span(one.eta_s)}${sureness(one)}`}
                {isCutOff(one) && <span class="hint" data-testid="no-way">{t('eta.no_way')}</span>}
                <Comes mode={desk.staff.get(one.staff)?.mode ?? null} />
                {one.after && <span class="hint"> · {t('detail.after', { there: span(one.after.there_in_s) })}{sureness({ eta_s: one.after.there_in_s, eta_p90_s: one.after.there_p90_s, eta_source: one.after.source })}</span>}
                {one.violations.length > 0 && <span class="why"> × {one.violations.map((code) => tCode('violation', code)).join(', ')}</span>}
              </span>
            </label>
          </li>
        ))}
      </ul>
      <button type="button" class="main" data-testid="assign-submit" disabled={chosen.length !== size || desk.isActing('assign')} onClick={() => void submit()}>
        {t('detail.assign', { n: chosen.length, of: size })}
      </button>
      <p class="hint">{t('detail.assign_hint')}</p>
    </>
  );
}
