// Owns what is said of streets: the list and the same on the map, and for the centre saying it and taking it back. The server decides
// who may; this leaves out what a company can never do. What counts now is as the server tells it, a moment after it was said.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../shared/api';
import { Confirm, explain } from '../shared/frame';
import { dayTime, t } from '../shared/i18n';
import type { Map } from '../shared/map/engine';
import type { Condition, ConditionBody } from '../shared/types';
import { areaName } from './coarse';
import type { Desk } from './desk';
import { byUrgency } from './heat';
import { usePicked } from './picking';
import { Saying } from './saying';
import { StreetForm } from './StreetForm';
import { drawStreets, lookAt, streetFeatures } from './streetLayers';
import { EMPTY_DRAFT, isPlace, picked, type Draft } from './streets';

interface Props { desk: Desk; map: Map | null; conditions: Condition[]; /** What is said now, to be fetched again. */ onChanged: (said: Condition[]) => void }
export function Conditions({ desk, map, conditions, onChanged }: Props) {
  const [saying] = useState(() => new Saying((body: ConditionBody, key: string) => desk.api.addCondition(body, key)));
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const [isOpen, setOpen] = useState(false);
  const [isSaid, setSaid] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  useDrawn(map, conditions, isOpen ? draft : null);
  usePicked(desk, map, isOpen && isPlace(draft), (at) => setDraft((old) => picked(old, at)));
  const named = draft.where === 'around' ? draft.at : (draft.to ?? draft.from);
  // From afar a click names a quarter, not a street.
  useEffect(() => { if (map && isOpen && named) lookAt(map, { around: { at: named, radius_m: draft.radius_m } }); }, [map, named]);
  const close = (): void => { setOpen(false); opener.current?.focus(); };
  const ended = ({ id: gone }: Condition): void => {
    opener.current?.focus();
    setSaid(false);
    onChanged(conditions.filter(({ id }) => id !== gone));
  };
  return (
    <>
      <h2>{t('travel.conditions')}</h2>
      {desk.me?.agency?.kind === 'centre' && (
        <button type="button" ref={opener} data-testid="streets-open" aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); setSaid(false); }}>{t('streets.open')}</button>
      )}
      {isOpen && (
        <StreetForm
          desk={desk} map={map} draft={draft} onDraft={setDraft} saying={saying} onClose={close} onFailed={() => onChanged(conditions)}
          onSaid={(said) => { setDraft(EMPTY_DRAFT); setSaid(true); close(); onChanged([...conditions.filter(({ id }) => id !== said.id), said]); }}
        />
      )}
      {isSaid && <p class="hint" role="status" data-testid="streets-said">{t('streets.said')}</p>}
      {conditions.length === 0 && <p class="hint">{t('travel.calm')}</p>}
      <ul class="rows conditions" data-testid="conditions">
        {byUrgency(conditions).map((one) => <Row key={one.id} desk={desk} map={map} one={one} onEnded={() => ended(one)} onFailed={() => onChanged(conditions)} />)}
      </ul>
      {conditions.length > 0 && map && <p class="hint">{t('streets.legend')}</p>}
    </>
  );
}

/** On the map while this is open. */
function useDrawn(map: Map | null, conditions: readonly Condition[], draft: Draft | null): void {
  useEffect(() => { if (map) drawStreets(map, streetFeatures(conditions, draft)); }, [map, conditions, draft]);
  useEffect(() => {
    if (!map) return;
    // The map may be gone before this is.
    let isThere = true;
    const gone = (): void => { isThere = false; };
    map.once('remove', gone);
    return () => { map.off('remove', gone); if (isThere) drawStreets(map, streetFeatures([], null)); };
  }, [map]);
}

function Row({ desk, map, one, onEnded, onFailed }: { desk: Desk; map: Map | null; one: Condition; onEnded: () => void; onFailed: () => void }) {
  const [state, setState] = useState<'idle' | 'asking' | 'sending'>('idle');
  const [refused, setRefused] = useState<unknown>(null);
  const ender = useRef<HTMLButtonElement>(null);
  // Whoever thought better of it goes on from where they asked.
  const wasAsking = useRef(false);
  useLayoutEffect(() => {
    if (wasAsking.current && state === 'idle') ender.current?.focus();
    wasAsking.current = state === 'asking';
  }, [state]);
  const { closed, factor, modes, hours, until, in_force, of_nothing, around, along } = one;
  const what = closed ? `× ${t('travel.closed')}` : `▲ ${t('travel.slower', { n: factor ?? 1 })}`;
  const end = async (): Promise<void> => {
    setState('sending');
    setRefused(null);
    try {
      await desk.api.endCondition(one.id).catch((error: unknown) => {
        // Somebody else has ended it, or its time ran out.
        if (!(error instanceof Problem && error.code === 'not_found')) throw error;
      });
      onEnded();
    } catch (error) {
      setRefused(error);
      setState('idle');
      onFailed();
    }
  };
  const show = (): void => { if (map) lookAt(map, one); };
  return (
    <li data-id={one.id} data-in-force={String(in_force)}>
      <strong>{what}</strong>
      {' '}{whereOf(desk, one)} · {modes.map((mode) => t(`mode.${mode}`)).join(', ')}
      {hours && ` · ${t('travel.hours', hours)}`}
      {' · '}{until ? t('travel.until', { time: dayTime(until) }) : t('travel.until_told')}
      {' '}<span class="chip">{t(of_nothing ? 'travel.of_nothing' : in_force ? 'travel.in_force' : 'travel.not_now')}</span>
      {map && (around || along) && <button type="button" class="quiet" data-testid="condition-show" onClick={show}>{t('travel.show')}</button>}
      {desk.me?.agency?.kind === 'centre' && state !== 'asking' && (
        <button type="button" class="quiet" ref={ender} data-testid="condition-end" disabled={state === 'sending'} onClick={() => { setState('asking'); show(); }}>{t('travel.end')}</button>
      )}
      {state === 'asking' && <Confirm question={t('travel.end_sure', { what, where: whereOf(desk, one) })} yes={t('travel.end')} onNo={() => setState('idle')} onYes={() => void end()} />}
      {refused ? <p class="error" role="alert">{explain(refused)}</p> : null}
    </li>
  );
}

function whereOf(desk: Desk, { class: road, around, along, line }: Condition): string {
  if (around) return t('travel.around', { area: areaName(desk.map, around.at), m: around.radius_m });
  if (along) return t(along.both_carriageways ? 'travel.along_both' : 'travel.along', { area: areaName(desk.map, along.from) });
  if (line) return t('travel.line', { line });
  return road ? t(`travel.class.${road}`) : '';
}
