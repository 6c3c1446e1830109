// Owns the form by which the centre says that streets are closed or slow: what, where, for whom, until when. Points come from the map,
// by a click or from its middle by a button, and go nowhere but into the body of the call. What was filled in stays on a refusal.
import { useState } from 'preact/hooks';
import { explain } from '../shared/frame';
import { t } from '../shared/i18n';
import type { Map } from '../shared/map/engine';
import type { Condition, ConditionBody, LatLon, RoadClass } from '../shared/types';
import { areaName } from './coarse';
import type { Desk } from './desk';
import { ROAD_CLASSES } from './heat';
import type { Saying } from './saying';
import { bodyOf, changed, FACTORS, isPlace, missing, picked, RADIUS_M, WHOM, type Draft } from './streets';

interface Props {
  desk: Desk; map: Map | null; draft: Draft; onDraft: (draft: Draft) => void;
  saying: Saying<ConditionBody, Condition>;
  onSaid: (said: Condition) => void; onClose: () => void;
  /** Something was refused, or its answer got lost. */
  onFailed: () => void;
}
export function StreetForm({ desk, map, draft, onDraft, saying, onSaid, onClose, onFailed }: Props) {
  const [isSending, setSending] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const put = (part: Partial<Draft>): void => onDraft(changed(draft, part));
  const lacks = missing(draft);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = bodyOf(draft, desk.now());
    if (!body) return;
    setSending(true);
    setRefused(null);
    try {
      const said = await saying.say(body);
      if (said) onSaid(said);
    } catch (error) {
      setRefused(error);
      onFailed();
    } finally {
      setSending(false);
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // The view under it stays.
    event.stopPropagation();
    onClose();
  };
  return (
    <form class="street-form" data-testid="street-form" aria-label={t('streets.open')} onSubmit={(event) => void submit(event)} onKeyDown={onKey}>
      <div class="fields">
        <What draft={draft} put={put} />
        <Place desk={desk} map={map} draft={draft} put={put} onDraft={onDraft} />
        {draft.where !== 'line' && <fieldset>
          <legend>{t('streets.whom')}</legend>
          {WHOM.map((one) => (
            <label class="tick" key={one}>
              <input
                type="checkbox" data-testid={`streets-${one}`} checked={draft.modes.includes(one)}
                onChange={(event) => put({ modes: event.currentTarget.checked ? [...draft.modes, one] : draft.modes.filter((other) => other !== one) })}
              />{t(`mode.${one}`)}
            </label>
          ))}
        </fieldset>}
        <When draft={draft} put={put} />
      </div>
      {refused ? <p class="error" role="alert" data-testid="streets-refused">{explain(refused)}</p> : null}
      <p class="hint" role="status" data-testid="streets-missing">{lacks && t(`streets.missing.${lacks}`)}</p>
      <div class="actions">
        <button class="danger" data-testid="streets-say" disabled={lacks !== null || isSending}>{t('streets.say')}</button>
        <button type="button" data-testid="streets-close" onClick={onClose}>{t('close')}</button>
      </div>
    </form>
  );
}

interface Part { draft: Draft; put: (part: Partial<Draft>) => void }
function What({ draft: { factor }, put }: Part) {
  return (
    <fieldset>
      <legend>{t('streets.what')}</legend>
      <select
        aria-label={t('streets.what')} data-testid="streets-what" value={factor ?? 'closed'}
        onChange={({ currentTarget: { value } }) => put({ factor: value === 'closed' ? null : Number(value) })}
      >
        <option value="closed">× {t('travel.closed')}</option>
        {FACTORS.map((n) => <option key={n} value={n}>▲ {t('travel.slower', { n })}</option>)}
      </select>
    </fieldset>
  );
}

function Place({ desk, map, draft, put, onDraft }: Part & Pick<Props, 'desk' | 'map' | 'onDraft'>) {
  const { where, factor, radius_m, road, line, end } = draft;
  const lines = desk.map?.lines ?? [];
  const said = (at: LatLon | null): string => (at ? areaName(desk.map, at) : t('streets.not_yet'));
  const takeMiddle = (): void => {
    const { lat, lng } = map!.getCenter();
    onDraft(picked(draft, { lat, lon: lng }));
  };
  return (
    <fieldset>
      <legend>{t('streets.where')}</legend>
      <select
        aria-label={t('streets.where')} data-testid="streets-where" value={where}
        onChange={({ currentTarget: { value } }) => put({ where: value as Draft['where'] })}
      >
        <option value="around">{t('streets.around')}</option>
        <option value="along">{t('streets.along')}</option>
        <option value="class" disabled={factor === null}>{t('streets.class')}</option>
        {lines.length > 0 && <option value="line">{t('streets.line')}</option>}
      </select>
      {factor === null && <p class="hint">{t('streets.no_class')}</p>}
      {where === 'class' && (
        <select aria-label={t('travel.road_class')} data-testid="streets-class" value={road} onChange={({ currentTarget: { value } }) => put({ road: value as RoadClass })}>
          {ROAD_CLASSES.map((one) => <option key={one} value={one}>{t(`travel.class.${one}`)}</option>)}
        </select>
      )}
      {where === 'line' && (
        <>
          <select aria-label={t('streets.line')} data-testid="streets-line" value={line} onChange={({ currentTarget: { value } }) => put({ line: value })}>
            <option value="">{t('streets.missing.line')}</option>
            {lines.map((one) => <option key={one} value={one}>{t('travel.line', { line: one })}</option>)}
          </select>
          {factor !== null && <p class="hint">{t('streets.line_slow')}</p>}
        </>
      )}
      {where === 'around' && (
        <>
          <p data-testid="streets-at" data-chosen={String(draft.at !== null)} role="status">{t('streets.point')}: <strong>{said(draft.at)}</strong></p>
          <label>{t('streets.radius')} <output>{radius_m} m</output>
            <input type="range" {...RADIUS_M} value={radius_m} data-testid="streets-radius" onInput={({ currentTarget: { value } }) => put({ radius_m: Number(value) })} />
          </label>
        </>
      )}
      {where === 'along' && (
        <>
          <div class="actions" role="group" aria-label={t('streets.along')}>
            {(['from', 'to'] as const).map((one) => (
              <button type="button" key={one} aria-pressed={end === one} data-testid={`streets-${one}`} data-chosen={String(draft[one] !== null)} onClick={() => put({ end: one })}>
                {t(`streets.${one}`)}: {said(draft[one])}
              </button>
            ))}
          </div>
          <label class="tick">
            <input type="checkbox" data-testid="streets-both" checked={draft.both} onChange={({ currentTarget: { checked } }) => put({ both: checked })} />{t('streets.both')}
          </label>
          <p class="hint">{t('streets.straight')}</p>
        </>
      )}
      {isPlace(draft) && map && <p class="hint">{t('streets.pick')} <button type="button" data-testid="streets-middle" onClick={takeMiddle}>{t('map.centre')}</button></p>}
    </fieldset>
  );
}

const HOURS = Array.from({ length: 25 }, (_, hour) => hour);
function When({ draft: { until, time, byHours, hours }, put }: Part) {
  const hour = (end: 'from' | 'to', choices: number[]) => (
    <label>{t(`streets.hours_${end}`)}
      <select data-testid={`streets-hours-${end}`} value={hours[end]} onChange={({ currentTarget: { value } }) => put({ hours: { ...hours, [end]: Number(value) } })}>
        {choices.map((n) => <option key={n} value={n}>{t('streets.hour', { n })}</option>)}
      </select>
    </label>
  );
  return (
    <fieldset>
      <legend>{t('streets.until')}</legend>
      <div class="row">
        <select aria-label={t('streets.until')} data-testid="streets-until" value={until} onChange={({ currentTarget: { value } }) => put({ until: value as Draft['until'] })}>
          <option value="told">{t('travel.until_told')}</option>
          <option value="today">{t('streets.today')}</option>
          <option value="tomorrow">{t('streets.tomorrow')}</option>
        </select>
        {until !== 'told' && <input type="time" aria-label={t('streets.time')} data-testid="streets-time" value={time} onInput={({ currentTarget: { value } }) => put({ time: value })} />}
      </div>
      <label class="tick"><input type="checkbox" data-testid="streets-by-hours" checked={byHours} onChange={({ currentTarget: { checked } }) => put({ byHours: checked })} />{t('streets.by_hours')}</label>
      {byHours && <div class="row">{hour('from', HOURS.slice(0, 24))}{hour('to', HOURS.slice(1))}</div>}
    </fieldset>
  );
}
