// An ETA is as good as the position it stands on.
import { expect, it } from 'vitest';
import { agedCrew, Eta, etaOf, promiseSureness } from './Eta';
import type { CrewAt } from './types';

const at = (age_s: number): CrewAt => ({ no: 1, lat: 37.5, lon: 127, acc_m: 8, age_s, eta_s: 240 });
it.each<[number, number | null, number | null]>([
  [0, 240, null], [15, 240, null], [16, 240, 16], [60, 240, 60], [61, null, 61], [3_600, null, 3_600],
])('at an age of %i s the ETA is %s and the age said %s', (age, eta_s, old_s) => {
  expect(etaOf(at(age))).toEqual({ eta_s, old_s });
});
it('without_a_position_there_is_none', () => { expect(etaOf(undefined)).toEqual({ eta_s: null, old_s: null }); });
it('positions_grow_old_on_a_page_that_hears_nothing', () => {
  expect(agedCrew({ crew: [at(5)], at: 1_000 }, 61_000).map(etaOf)).toEqual([{ eta_s: null, old_s: 65 }]);
  expect(agedCrew(undefined, 0)).toEqual([]);
});
/** The words of the lines that are drawn. */
const drawn = (of: CrewAt | undefined, coming = true): string[] =>
  ((Eta({ at: of, coming }).props as { children: unknown[] }).children as ({ props: { children: unknown } } | false)[])
    .filter((line) => line !== false).map(({ props }) => [props.children].flat().join('').trim());
it('the_page_says_the_eta_or_the_age_or_that_it_knows_neither', () => {
  expect([drawn(at(0)), drawn(at(20)), drawn(at(90)), drawn(undefined)])
    .toEqual([['약 4분 뒤'], ['약 4분 뒤', '20초 전 위치'], ['2분 전 위치'], ['위치 모름']]);
  expect([drawn(at(0), false), drawn(at(20), false), drawn(undefined, false)]).toEqual([[], ['20초 전 위치'], []]);
});
it('how_late_it_may_be_is_said_where_it_reads_otherwise', () => {
  const with_p90 = (eta_p90_s: number | null): CrewAt => ({ ...at(0), eta_p90_s });
  expect([360, 235, null].map((p90) => drawn(with_p90(p90)))).toEqual([['약 4분 뒤', '늦으면 6분'], ['약 4분 뒤'], ['약 4분 뒤']]);
  expect(drawn({ ...with_p90(360), age_s: 90 })).toEqual(['2분 전 위치']);
});
it('who_is_cut_off_is_said_to_be_while_the_position_holds', () => {
  const cut_off: CrewAt = { ...at(0), eta_s: null, eta_source: 'no_way' };
  expect([drawn(cut_off), drawn({ ...cut_off, age_s: 20 })])
    .toEqual([['지금은 알려진 길이 없어 시간을 알 수 없음'], ['지금은 알려진 길이 없어 시간을 알 수 없음', '20초 전 위치']]);
  expect([drawn({ ...cut_off, age_s: 90 }), drawn(cut_off, false), drawn({ ...cut_off, eta_source: null })]).toEqual([['2분 전 위치'], [], []]);
});
it('a_guess_and_a_promise_are_said_to_be_one', () => {
  const known = (eta_source: CrewAt['eta_source']): string[] => drawn({ ...at(0), eta_source });
  expect([known('road'), known('calibrated'), known('straight'), known('promise')])
    .toEqual([['약 4분 뒤'], ['약 4분 뒤'], ['약 4분 뒤', '(직선 추정)'], ['약 4분 뒤', '(수락할 때의 시간)']]);
  expect(drawn({ ...at(90), eta_source: 'straight' })).toEqual(['2분 전 위치']);
});
it('a_promise_made_on_a_guess_is_both_and_what_follows_says_how_late_it_may_become', () => {
  expect(drawn({ ...at(0), eta_source: 'promise', eta_promised_on: 'straight' })).toEqual(['약 4분 뒤', '(수락할 때의 시간 · 직선 추정)']);
  const next = (p90_at: string) => promiseSureness({ trip: 'u', area: { cell: '', lat: 0, lon: 0, radius_m: 600 }, at: '2026-11-24T00:10:00Z', p90_at, eta_promised_on: 'road' });
  expect(next('2026-11-24T00:15:00Z')).toMatch(/^ \(늦으면 .*9:15\) \(수락할 때의 시간\)$/);
  expect(next('2026-11-24T00:10:20Z')).toBe(' (수락할 때의 시간)');
});
