// Owns the zones to avoid of the open trip's rider, for the centre: how many, how large and since when, one more by a point on the map
// and a radius, one taken back after a second look. Where a zone lies is never read back: the circle is on the map until it is saved
// and no longer. What was filled in stays on a refusal.
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { Problem } from '../shared/api';
import { Confirm, explain } from '../shared/frame';
import { dayTime, t } from '../shared/i18n';
import type { Map } from '../shared/map/engine';
import type { Zone, ZoneBody } from '../shared/types';
import { areaName } from './coarse';
import type { Desk } from './desk';
import { usePicked } from './picking';
import { Saying } from './saying';
import { drawZone, showZone, zoneFeatures } from './zoneLayer';
import { bodyOf, EMPTY_ZONE, missing, RADIUS_M, radiusOf, type ZoneDraft } from './zones';

interface Props { desk: Desk; map: Map | null; trip: string }
export default function Zones({ desk, map, trip }: Props) {
  const [saying] = useState(() => new Saying((body: ZoneBody, key: string) => desk.api.addZone(trip, body, key)));
  const [zones, setZones] = useState<Zone[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [isOpen, setOpen] = useState(false);
  const [draft, setDraft] = useState(EMPTY_ZONE);
  const [isSaved, setSaved] = useState(false);
  const [asked, askAgain] = useReducer((n: number) => n + 1, 0);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    let alive = true;
    desk.api.zones(trip).then(
      (got) => { if (alive) { setZones(got); setFault(null); } },
      (error: unknown) => { if (alive) setFault(error); },
    );
    return () => { alive = false; };
  }, [desk, trip, asked]);
  const again = (): void => askAgain(undefined as never);
  const close = (): void => { setOpen(false); opener.current?.focus(); };
  return (
    <section class="zones" data-testid="zones" data-count={zones?.length} aria-label={t('zones.open')}>
      <p class="hint">{t('zones.never_where')}</p>
      {fault ? <p class="error" role="alert">{explain(fault)} <button type="button" class="quiet" onClick={again}>{t('detail.refresh')}</button></p> : null}
      {zones && <p data-testid="zones-count" role="status">{zones.length > 0 ? t('zones.count', { n: zones.length }) : t('zones.none')}</p>}
      <ul class="rows">
        {zones?.map((zone) => <Row key={zone.id} desk={desk} trip={trip} zone={zone} onGone={() => { opener.current?.focus(); setSaved(false); again(); }} />)}
      </ul>
      {isSaved && <p class="hint" role="status" data-testid="zone-saved">{t('zones.saved')}</p>}
      {map && <button type="button" ref={opener} data-testid="zone-new" aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); setSaved(false); }}>{t('zones.add')}</button>}
      {map && isOpen && <Form desk={desk} map={map} saying={saying} draft={draft} onDraft={setDraft} onClose={close} onFailed={again} onSaved={() => { setDraft(EMPTY_ZONE); setSaved(true); close(); again(); }} />}
    </section>
  );
}

interface FormProps {
  desk: Desk; map: Map; saying: Saying<ZoneBody, Zone>; draft: ZoneDraft; onDraft: (change: (old: ZoneDraft) => ZoneDraft) => void;
  onSaved: () => void; onClose: () => void;
  /** Something was refused, or its answer got lost. */
  onFailed: () => void;
}
function Form({ desk, map, saying, draft, onDraft, onSaved, onClose, onFailed }: FormProps) {
  const [isSending, setSending] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const form = useRef<HTMLFormElement>(null);
  // It opens below what is in sight.
  useEffect(() => form.current?.scrollIntoView({ block: 'nearest' }), []);
  useDrawn(map, draft);
  usePicked(desk, map, true, (at) => onDraft((old) => ({ ...old, at })));
  const lacks = missing(draft);
  const setRadius = (radius: string): void => onDraft((old) => ({ ...old, radius }));
  const takeMiddle = (): void => { const { lat, lng } = map.getCenter(); onDraft((old) => ({ ...old, at: { lat, lon: lng } })); };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = bodyOf(draft);
    if (!body) return;
    setSending(true);
    setRefused(null);
    try {
      if (await saying.say(body)) onSaved();
    } catch (error) {
      setRefused(error);
      onFailed();
    } finally {
      setSending(false);
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // The trip stays open.
    event.stopPropagation();
    onClose();
  };
  return (
    <form class="zone-form" ref={form} data-testid="zone-form" aria-label={t('zones.add')} onSubmit={(event) => void submit(event)} onKeyDown={onKey}>
      <p data-testid="zone-at" data-chosen={String(draft.at !== null)} role="status">{t('streets.point')}: <strong>{draft.at ? areaName(desk.map, draft.at) : t('streets.not_yet')}</strong></p>
      <p class="hint">{t('streets.pick')} <button type="button" data-testid="zone-middle" onClick={takeMiddle}>{t('map.centre')}</button></p>
      <label>{t('zones.radius', RADIUS_M)}
        <input inputMode="numeric" value={draft.radius} maxLength={6} autocomplete="off" data-testid="zone-radius" aria-invalid={radiusOf(draft) === null} onInput={({ currentTarget: { value } }) => setRadius(value)} />
      </label>
      <input type="range" {...RADIUS_M} value={radiusOf(draft) ?? RADIUS_M.min} aria-label={t('zones.radius', RADIUS_M)} data-testid="zone-slider" onInput={({ currentTarget: { value } }) => setRadius(value)} />
      {refused ? <p class="error" role="alert" data-testid="zone-refused">{explain(refused)}</p> : null}
      <p class="hint" role="status" data-testid="zone-missing">{lacks && t(`zones.missing.${lacks}`, RADIUS_M)}</p>
      <div class="actions">
        <button class="danger" data-testid="zone-save" disabled={lacks !== null || isSending}>{t('zones.save')}</button>
        <button type="button" data-testid="zone-close" onClick={onClose}>{t('close')}</button>
      </div>
    </form>
  );
}

/** On the map while the form is open. */
function useDrawn(map: Map, draft: ZoneDraft): void {
  const { at } = draft;
  const radius_m = radiusOf(draft);
  useEffect(() => {
    drawZone(map, zoneFeatures(at, radius_m));
    if (at && radius_m !== null) showZone(map, at, radius_m);
  }, [map, at, radius_m]);
  useEffect(() => {
    // The map may be gone before this is.
    let isThere = true;
    const gone = (): void => { isThere = false; };
    map.once('remove', gone);
    return () => { map.off('remove', gone); if (isThere) drawZone(map, zoneFeatures(null, null)); };
  }, [map]);
}

function Row({ desk, trip, zone, onGone }: { desk: Desk; trip: string; zone: Zone; onGone: () => void }) {
  const [state, setState] = useState<'idle' | 'asking' | 'sending'>('idle');
  const [refused, setRefused] = useState<unknown>(null);
  const remover = useRef<HTMLButtonElement>(null);
  // Whoever thought better of it goes on from where they asked.
  const wasAsking = useRef(false);
  useLayoutEffect(() => {
    if (wasAsking.current && state === 'idle') remover.current?.focus();
    wasAsking.current = state === 'asking';
  }, [state]);
  const what = t('zones.row', { m: zone.radius_m, time: dayTime(zone.created_at) });
  const remove = async (): Promise<void> => {
    setState('sending');
    setRefused(null);
    try {
      await desk.api.removeZone(trip, zone.id).catch((error: unknown) => {
        // Somebody else has taken it back.
        if (!(error instanceof Problem && error.code === 'not_found')) throw error;
      });
      onGone();
    } catch (error) {
      setRefused(error);
      setState('idle');
    }
  };
  return (
    <li data-id={zone.id}>
      {what}
      {state !== 'asking' && <button type="button" class="quiet" ref={remover} data-testid="zone-remove" disabled={state === 'sending'} onClick={() => setState('asking')}>{t('zones.remove')}</button>}
      {state === 'asking' && <Confirm question={t('zones.remove_sure', { what })} yes={t('zones.remove')} onNo={() => setState('idle')} onYes={() => void remove()} />}
      {refused ? <p class="error" role="alert">{explain(refused)}</p> : null}
    </li>
  );
}
