// What a member is told of their own time and the partner's: as much as the positions allow.
import { expect, it } from 'vitest';
import type { VNode } from 'preact';
import { now } from '../shared/clock';
import { Eta } from '../shared/Eta';
import type { CrewAt, Trip } from '../shared/types';
import { Bicycle, InZone, ownEta, Partners } from './TripCard';
import { Taxi } from './WayList';

const trip: Trip = { id: 't', phase: 'en_route', crew: [
  { no: 1, phase: 'en_route', eta_s: 240, you: true }, { no: 2, phase: 'en_route', eta_s: 240 },
] };
const seen = (...crew: CrewAt[]) => ({ crewAt: { crew, at: now() } });
const at = (no: number, age_s: number): CrewAt => ({ no, lat: 37.5, lon: 127, acc_m: 8, age_s, eta_s: 240 });

it('the_own_eta_is_said_while_its_position_is_young_marked_when_it_is_old_and_then_not_at_all', () => {
  expect([ownEta(seen(at(1, 0)), trip), ownEta(seen(at(1, 20)), trip), ownEta(seen(at(1, 61)), trip), ownEta(seen(), trip), ownEta({ crewAt: null }, trip)])
    .toEqual([' · 약 4분 걸림', ' · 약 4분 걸림 (20초 전 위치)', '', '', '']);
});
it('who_is_cut_off_is_told_so_while_the_position_is_young', () => {
  const cut_off = (age_s: number): CrewAt => ({ ...at(1, age_s), eta_s: null, eta_source: 'no_way' });
  expect([ownEta(seen(cut_off(0)), trip), ownEta(seen(cut_off(61)), trip), ownEta(seen(cut_off(0)), { ...trip, crew: [{ no: 1, phase: 'arrived', eta_s: 0, you: true }] })])
    .toEqual([' · 지금은 알려진 길이 없어 시간을 알 수 없음', '', '']);
});
type Drawn = VNode<{ children: Drawn[] }> | undefined;
it('the_partners_eta_comes_from_a_position_and_never_from_the_trip', () => {
  const last = (duty: Parameters<typeof Partners>[0]['duty']): unknown => {
    const rows = (Partners({ duty, trip }) as Drawn)!.props.children as Drawn[];
    const eta = rows[0]!.props.children.at(-1);
    return (eta?.type as unknown) === Eta ? (eta!.props as unknown as { at?: CrewAt }).at?.eta_s ?? 'unknown' : undefined;
  };
  expect([last({ crewAt: null }), last(seen(at(1, 0))), last(seen(at(2, 0)))]).toEqual([undefined, 'unknown', 240]);
});
it('with_the_rider_nobody_rides_a_bicycle_and_it_is_said_once_the_way_is_known', () => {
  const said = (...args: Parameters<typeof Bicycle>): unknown => (Bicycle(...args) as Drawn)?.props.children;
  const on_foot = { to: 'dropoff', mode: 'walk' } as const;
  expect(said({ mode: 'cycle', together: true, way: on_foot })).toBe('함께 걷습니다. 자전거는 끌고 가세요.');
  expect(said({ mode: 'cycle', together: true, way: { to: 'dropoff', mode: 'transit' } })).toBe('걷기에는 멉니다. 자전거는 여기에 세워 두세요.');
  expect([
    said({ mode: 'walk', together: true, way: on_foot }), said({ mode: 'cycle', together: false, way: { to: 'pickup', mode: 'cycle' } }),
    said({ mode: 'cycle', together: true, way: { to: 'pickup', mode: 'walk' } }), said({ mode: 'cycle', together: true, way: null }), said({ mode: undefined, together: true, way: on_foot }),
  ]).toEqual([undefined, undefined, undefined, undefined, undefined]);
});
it('who_is_led_by_a_car_that_nobody_brought_is_told_that_it_takes_a_taxi', () => {
  const said = (way: Parameters<typeof Taxi>[0]['way']): unknown => (Taxi({ way }) as Drawn)?.props.children;
  expect([said({ without_car: true }), said({}), said(null)]).toEqual(['택시로: 차로 온 동행인이 없습니다.', undefined, undefined]);
});
it('who_is_inside_a_zone_is_told_so_and_pointed_to_the_way_only_where_that_knows_of_zones', () => {
  const said = (way: Parameters<typeof InZone>[0]['way'], in_zone = true): unknown =>
    (InZone({ trip: in_zone ? { in_zone } : {}, way }) as Drawn)?.props.children.filter(Boolean).join('');
  const inside = '피할 구역 안이나 바로 옆에 있습니다.';
  const by_way = `${inside} 보이는 길로 가세요.`;
  expect([
    said({ to: 'dropoff', zones: 'begins_inside' }), said({ to: 'dropoff', zones: 'ends_inside' }), said({ to: 'dropoff', zones: 'none' }), said({ to: 'pickup', zones: 'begins_inside' }),
    said(null), said({ to: 'dropoff', zones: 'begins_inside' }, false),
  ]).toEqual([by_way, by_way, inside, inside, inside, undefined]);
});
