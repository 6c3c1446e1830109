// Owns the way told street by street, and the choice between the fastest and the safer one.
import { now } from '../shared/clock';
import { sureness } from '../shared/Eta';
import { explain } from '../shared/frame';
import { metres, span, t, type Key } from '../shared/i18n';
import { useStore } from '../shared/store';
import type { Leg, Prefer, Way } from '../shared/types';
import { hasChoice, type WayAhead } from './way';

/** An older position leads from a place where the phone is no more. */
const OLD_S = 60;
const CHOICES: readonly Prefer[] = ['safer', 'fastest'];

export function WayList({ ahead }: { ahead: WayAhead }) {
  useStore(ahead);
  const { way } = ahead;
  return (
    <div data-testid="way" data-to={way?.to} data-prefer={way?.prefer} data-zones={way?.zones}>
      {ahead.error ? <p class="hint" role="status">{explain(ahead.error)}</p> : null}
      {way && (
        <details>
          <summary>
            {t('way.title')}: <strong>{metres(way.length_m)} · {span(way.duration_s)}</strong>
            <span class="hint" data-testid="way-sure">{sureness({ eta_s: way.duration_s, eta_p90_s: way.p90_s, eta_source: way.source })}</span>
            {way.detour_s > 0 && <span class="hint"> {t('way.detour', { time: span(way.detour_s) })}</span>}
          </summary>
          {hasChoice(way) && (
            <div class="row">
              {CHOICES.map((one) => (
                <button type="button" key={one} aria-pressed={way.prefer === one} data-testid={`way-${one}`} onClick={() => ahead.choose(one, now())}>
                  {t(`way.${one}` as Key)}
                </button>
              ))}
            </div>
          )}
          {way.prefer === 'safer' && <p class="hint">{t('way.safer_hint')}</p>}
          {way.fix_age_s > OLD_S && <p class="hint">{t('way.old', { age: span(way.fix_age_s) })}</p>}
          <ol class="legs" data-testid="legs">{way.legs.map((leg, i) => <li key={i} data-turn={leg.turn} data-along={leg.along}>{sentence(leg)}</li>)}</ol>
        </details>
      )}
      <Taxi way={way} />
      {way && way.zones !== 'none' && <p class={way.zones === 'kept_out' ? 'hint' : 'error'} role="status">{t(`way.zones.${way.zones}` as Key)}</p>}
    </div>
  );
}

/** Led by car though none of them has one. */
export function Taxi({ way }: { way: Pick<Way, 'without_car'> | null }) {
  return way?.without_car ? <p class="hint" role="status" data-testid="without-car">{t('way.without_car')}</p> : null;
}

const ARROW = { start: '●', straight: '↑', left: '←', right: '→', back: '↶' } as const;
function sentence({ turn, along, name, length_m, duration_s }: Leg) {
  if (along === 'off_streets') return <><strong>{t('way.off_streets')}</strong> <span class="hint">{metres(length_m)} · {span(duration_s)}</span></>;
  const street = along === 'street' ? (name ?? t('way.unnamed')) : along === 'ride' ? t('way.ride', { line: name ?? '' }) : t('way.station');
  return (
    <>
      <span class="turn"><span aria-hidden="true">{ARROW[turn]}</span> {t(`way.turn.${turn}` as Key)}</span>{' '}
      <strong>{street}</strong> <span class="hint">{along === 'street' ? metres(length_m) : span(duration_s)}</span>
    </>
  );
}
