// Owns one offer on the screen: how long it lasts, roughly where, how far, what the partner says, yes and no far apart.
import { useMemo } from 'preact/hooks';
import { now } from '../shared/clock';
import type { Countdown } from '../shared/countdown';
import { sureness } from '../shared/Eta';
import { dayTime, span, t } from '../shared/i18n';
import { PhoneMap } from '../shared/map/PhoneMap';
import type { Mark } from '../shared/map/overlay';
import { useTick } from '../shared/store';
import type { MapInfo, Offer } from '../shared/types';
import type { Duty } from './duty';

const RADIUS = 34;
const AROUND = 2 * Math.PI * RADIUS;

function Ring({ countdown }: { countdown: Countdown }) {
  useTick(200);
  const nowMs = now();
  const left = countdown.seconds(nowMs);
  return (
    <svg class="ring" viewBox="0 0 80 80" role="timer" aria-label={t('offer.left', { n: left })} data-testid="countdown">
      <circle cx="40" cy="40" r={RADIUS} fill="none" stroke="#d3dae1" stroke-width="8" />
      <circle
        cx="40" cy="40" r={RADIUS} fill="none" stroke={left <= 5 ? '#b3261e' : '#0b5cad'} stroke-width="8"
        stroke-dasharray={AROUND} stroke-dashoffset={AROUND * (1 - countdown.fraction(nowMs))} transform="rotate(-90 40 40)"
      />
      <text x="40" y="48" text-anchor="middle" font-size="24" font-weight="700">{left}</text>
    </svg>
  );
}

/** A dead button alone looks like one that was never pressed. */
export function Saying({ duty, offer }: { duty: Pick<Duty, 'isSaying'>; offer: Pick<Offer, 'id'> }) {
  return duty.isSaying(offer.id) ? <p role="status" data-testid="offer-saying">{t('staff.saying')}</p> : null;
}

interface Props { duty: Duty; offer: Offer; countdown: Countdown; map: MapInfo | null }
export function OfferCard({ duty, offer, countdown, map }: Props) {
  const accepted = duty.accepted === offer.id;
  useTick(500);
  // What comes after the end is refused anyway; a dead button says so sooner.
  const late = countdown.over(now());
  const said = duty.isSaying(offer.id);
  const { lat, lon, radius_m } = offer.area;
  const marks = useMemo<Mark[]>(() => [{ role: 'area', at: { lat, lon }, radius_m }], [lat, lon, radius_m]);
  return (
    <section class="card" data-testid="offer-card" data-offer={offer.id} data-state={accepted ? 'accepted' : 'open'}>
      <div class="offer-head">
        <Ring countdown={countdown} />
        <div>
          <h1>{t(accepted ? 'offer.accepted' : offer.next ? 'offer.next' : 'offer.title')}</h1>
          <p>{offer.pickup_at ? dayTime(offer.pickup_at) : t('when.now')}</p>
          <p data-testid="partner" data-partner={offer.partner}>{t(`partner.${offer.partner}`)}</p>
        </div>
      </div>
      <dl class="facts">
        <dt>{t('offer.eta')}</dt><dd data-testid="offer-eta">{span(offer.eta_s)}{sureness(offer)}{duty.shift && ` · ${t(`mode.${duty.shift.mode}`)}`}</dd>
        {offer.trip_s !== null && <><dt>{t('offer.trip')}</dt><dd>{span(offer.trip_s)}</dd></>}
        <dt>{t('offer.crew')}</dt><dd>{t('offer.people', { n: offer.crew_size })}</dd>
      </dl>
      {/* Above the map: a narrow screen's lower edge belongs to SOS. */}
      <Saying duty={duty} offer={offer} />
      {!accepted && (
        <div class="far-apart">
          <button type="button" class="danger" data-testid="decline" disabled={late || said} onClick={() => duty.answer(false)}>{t('offer.decline')}</button>
          <button type="button" class="yes" data-testid="accept" disabled={late || said} onClick={() => duty.answer(true)}>{t('offer.accept')}</button>
        </div>
      )}
      {map && <PhoneMap info={map} marks={marks} fitKey={offer.id} />}
      <p class="hint">{t('offer.area')}</p>
    </section>
  );
}
