// Owns the picture of the travel times: what is said of streets (`Conditions`), and by road and hour how long it takes against empty
// streets, on how many ways that rests and how right it is. Fetched when it is opened, and again while it is open.
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import { explain } from '../shared/frame';
import { dayTime, t } from '../shared/i18n';
import type { Map } from '../shared/map/engine';
import type { Condition, Travel as Learnt, TravelProfile } from '../shared/types';
import { Conditions } from './Conditions';
import type { Desk } from './desk';
import { classesOf, FITTED_FROM, heatRow, isAwaited, JUDGED_FROM, OWN_FROM } from './heat';

const AGAIN_EVERY_MS = 30_000;
/** While something new is not in force yet. */
const AWAITED_EVERY_MS = 2_000;
const percent = (share: number): number => Math.round(share * 100);

export default function Travel({ desk, map, onClose }: { desk: Desk; map: Map | null; onClose: () => void }) {
  const [learnt, setLearnt] = useState<Learnt | null>(null);
  const [conditions, setConditions] = useState<Condition[]>([]);
  const [fault, setFault] = useState<unknown>(null);
  const [mode, setMode] = useState<TravelProfile['profile']>('walk');
  const [asked, askAgain] = useReducer((n: number) => n + 1, 0);
  const box = useRef<HTMLElement>(null);
  // Whoever opened it by a key goes on from here, and back where it was opened: with the frame that shows or ends it, for a key may follow at once.
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.focus();
    return () => before?.focus();
  }, []);
  useEffect(() => {
    let alive = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      let isSoon = false;
      try {
        const [travel, said] = await Promise.all([desk.api.travel(), desk.api.conditions()]);
        if (!alive) return;
        setLearnt(travel);
        setConditions(said);
        setFault(null);
        isSoon = said.some((one) => isAwaited(one, desk.now()));
      } catch (error) { if (alive) setFault(error); }
      if (alive) timer = setTimeout(() => void load(), isSoon ? AWAITED_EVERY_MS : AGAIN_EVERY_MS);
    };
    void load();
    return () => { alive = false; clearTimeout(timer); };
  }, [desk, asked]);
  const of = learnt?.profiles.find(({ profile }) => profile === mode);
  return (
    <section class="travel" data-testid="travel" aria-label={t('travel.open')} tabIndex={-1} ref={box}>
      <button type="button" class="quiet close" data-testid="travel-close" onClick={onClose}>{t('close')}</button>
      <h1>{t('travel.open')}</h1>
      {fault ? <p class="error" role="alert">{explain(fault)}</p> : null}
      {learnt && <Conditions desk={desk} map={map} conditions={conditions} onChanged={(said) => { setConditions(said); askAgain(undefined as never); }} />}
      <h2>{t('travel.title')}</h2>
      <div class="actions" role="group" aria-label={t('travel.modes')}>
        {learnt?.profiles.map(({ profile }) => (
          <button type="button" key={profile} aria-pressed={profile === mode} data-testid={`travel-${profile}`} onClick={() => setMode(profile)}>{t(`mode.${profile}`)}</button>
        ))}
      </div>
      {learnt && of && <Profile learnt={learnt} of={of} />}
    </section>
  );
}

function Profile({ learnt, of }: { learnt: Learnt; of: TravelProfile }) {
  const { coverage, observations: n } = of;
  const when = (iso: string | null): string => (iso ? dayTime(iso) : t('travel.never'));
  return (
    <>
      <p data-testid="travel-source" data-source={of.source}><strong>{of.calibrated ? t(of.source === 'calibrated' ? 'travel.calibrated' : 'travel.taken_over', { n }) : t('travel.road', { n, min: FITTED_FROM })}</strong></p>
      <p data-testid="travel-coverage">
        {coverage
          ? t('travel.coverage', { p50: percent(coverage.within_p50), p90: percent(coverage.within_p90), n: coverage.observations })
          : t('travel.no_coverage', { min: JUDGED_FROM })}
      </p>
      <p class="hint">{t('travel.when', { fitted: when(learnt.fitted_at), reweighed: when(learnt.reweighed_at) })}</p>
      <div class="heat" tabIndex={0} role="region" aria-label={t('travel.table')}>
        <table data-testid="heat">
          <caption class="unseen">{t('travel.table')}</caption>
          <thead>
            <tr><th scope="col">{t('travel.road_class')}</th>{of.hours.map(({ hour }) => <th scope="col" key={hour} class={hour === learnt.hour ? 'present' : ''}>{hour}</th>)}</tr>
          </thead>
          <tbody>
            {classesOf(of).map((road) => (
              <tr key={road} data-road={road}>
                <th scope="row">{t(`travel.class.${road}`)}</th>
                {heatRow(of.hours, road).map(({ hour, factor, legs, color }) => (
                  <td
                    key={hour} class={`${legs === 0 ? 'leans' : ''} ${hour === learnt.hour ? 'present' : ''}`} style={`background-color:${color}`} data-legs={legs}
                    title={t('travel.cell', { road: t(`travel.class.${road}`), hour, factor: factor.toFixed(2), n: legs })}
                  >{factor.toFixed(1)}<small>{legs}</small></td>
                ))}
              </tr>
            ))}
            <tr class="plain"><th scope="row">{t('travel.spread')}</th>{of.hours.map(({ hour, source, spread }) => <td key={hour} class={source === 'road' ? 'leans' : ''} data-source={source}>{source === 'road' ? `(${spread.toFixed(1)})` : spread.toFixed(1)}</td>)}</tr>
            <tr class="plain"><th scope="row">{t('travel.legs')}</th>{of.hours.map(({ hour, observations }) => <td key={hour}>{observations}</td>)}</tr>
          </tbody>
        </table>
      </div>
      <p class="hint">{t('travel.legend', { min: OWN_FROM })}</p>
    </>
  );
}
