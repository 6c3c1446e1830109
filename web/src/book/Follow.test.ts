// What the rider is told of who comes: never an ETA whose position is old or missing.
import { expect, it } from 'vitest';
import type { VNode } from 'preact';
import { Eta, Finishing } from '../shared/Eta';
import type { CrewAt, Phase, Trip } from '../shared/types';
import { CrewList } from './Follow';

const trip = (...phases: Phase[]): Trip => ({ id: 't', phase: 'en_route', crew: phases.map((phase, no) => ({ no, phase, eta_s: 240 })) });
const at = (no: number): CrewAt => ({ no, lat: 37.5, lon: 127, acc_m: 8, age_s: 0, eta_s: 200 });
type Drawn = VNode<{ children: Drawn[] }> | undefined;
/** What stands of an ETA in each row: nothing, or the position it is drawn from. */
function etas(of: Trip, crew: CrewAt[] | undefined): unknown[] {
  const rows = (CrewList({ trip: of, crew }) as Drawn)!.props.children as Drawn[];
  return rows.map((row) => {
    const last = row!.props.children.at(-1);
    return (last?.type as unknown) === Eta ? last!.props : undefined;
  });
}

it('an_eta_comes_from_a_position_that_is_known_and_never_from_the_trip', () => {
  expect(etas(trip('en_route', 'en_route'), undefined)).toEqual([undefined, undefined]);
  expect(etas(trip('en_route', 'en_route'), [at(0)])).toEqual([{ at: at(0), coming: true }, { at: undefined, coming: true }]);
});
it('who_has_arrived_is_not_coming', () => {
  expect(etas(trip('arrived'), [at(0)])).toEqual([{ at: at(0), coming: false }]);
});
it('who_finishes_another_trip_first_is_said_to_with_the_time_of_both_and_no_place', () => {
  const of = trip('assigned');
  of.crew![0]!.finishing = true;
  const seen = { crew: [], later: [{ no: 0, eta_s: 430, eta_p90_s: 690 }], at: 0 };
  const row = ((CrewList({ trip: of, crew: [], seen }) as Drawn)!.props.children as Drawn[])[0]!.props.children.at(-1)!;
  expect((row.type as unknown) === Finishing).toBe(true);
  const text = (one: unknown): string => (typeof one === 'string' ? one : Array.isArray(one) ? one.map(text).join('') : '');
  const said = (known: typeof seen | undefined): string => text((Finishing({ seen: known, no: 0 }) as unknown as { props: { children: unknown } }).props.children);
  expect([said(seen), said(undefined)]).toEqual([' 다른 일정을 마치고 출발 · 약 8분 뒤 (늦으면 12분)', ' 다른 일정을 마치고 출발']);
  const later = text((Finishing({ seen, no: 0, later: true }) as unknown as { props: { children: unknown } }).props.children);
  expect(later).toBe(' 지금 일정이 길어져 더 늦게 출발 · 약 8분 뒤 (늦으면 12분)');
});
