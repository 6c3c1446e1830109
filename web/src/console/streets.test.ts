// What is said of streets: the body says what was filled in, it is sent once, and the map shows what is listed.
import { beforeAll, expect, it, vi } from 'vitest';
import { Problem, Unreachable } from '../shared/api';
import { fieldWords, language } from '../shared/i18n';
import type { Condition, ConditionBody } from '../shared/types';
import { isAwaited } from './heat';
import { streetFeatures } from './streetLayers';
import { Saying } from './saying';
import { bodyOf, changed, EMPTY_DRAFT, missing, picked, type Draft } from './streets';
import words from './words.ko.json';

const NOW = Date.parse('2026-11-24T16:30:00Z'); // Already the 25th in Korea.
const POINT = { lat: 37.5663, lon: 126.9779 };
const AROUND: Draft = picked(EMPTY_DRAFT, POINT);
const BODY: ConditionBody = { closed: true, around: { at: POINT, radius_m: 50 }, modes: ['walk', 'cycle', 'drive'] };
const listed = (id: string, body: ConditionBody = BODY, in_force = true): Condition =>
  ({ ...body, id, closed: body.closed ?? false, until: body.until ?? null, created_at: '2026-11-24T16:30:00Z', in_force });

beforeAll(() => language.bring({ ko: words, en: async () => words }));

it('the_body_says_what_was_filled_in_and_nothing_else', () => {
  expect(bodyOf(AROUND, NOW)).toEqual(BODY);
  const slow = changed(AROUND, { factor: 1.5, where: 'class', road: 'primary', modes: ['drive'], until: 'tomorrow', time: '18:30', byHours: true, hours: { from: 22, to: 4 } });
  expect(bodyOf(slow, NOW)).toEqual({ factor: 1.5, class: 'primary', modes: ['drive'], hours: { from: 22, to: 4 }, until: '2026-11-26T09:30:00Z' });
  const [a, b] = [{ lat: 37.5, lon: 127 }, { lat: 37.501, lon: 127.001 }];
  expect(bodyOf(picked(picked(changed(EMPTY_DRAFT, { where: 'along', until: 'today', time: '09:00' }), a), b), NOW))
    .toEqual({ closed: true, along: { from: a, to: b, both_carriageways: true }, modes: ['walk', 'cycle', 'drive'], until: '2026-11-25T00:00:00Z' });
});
it('both_carriageways_are_meant_unless_somebody_says_otherwise', () => {
  const along = picked(picked(changed(EMPTY_DRAFT, { where: 'along' }), POINT), POINT);
  const said = (draft: Draft): unknown => bodyOf(draft, NOW)?.along;
  expect([said(along), said(changed(along, { both: false })), said(changed(along, { where: 'around', at: POINT }))])
    .toEqual([{ from: POINT, to: POINT, both_carriageways: true }, { from: POINT, to: POINT }, undefined]);
});
it('what_is_missing_is_said_and_makes_no_body', () => {
  const cases: [Partial<Draft>, string][] = [
    [{ at: null }, 'point'], [{ where: 'along', from: POINT }, 'ends'], [{ modes: [] }, 'modes'], [{ until: 'today' }, 'time'], [{ byHours: true, hours: { from: 7, to: 7 } }, 'hours'],
  ];
  for (const [part, what] of cases) expect([missing({ ...AROUND, ...part }), bodyOf({ ...AROUND, ...part }, NOW)]).toEqual([what, null]);
  expect(missing({ ...AROUND, hours: { from: 7, to: 7 } })).toBeNull();
});
it('a_class_of_road_is_never_closed', () => {
  const slow = changed(EMPTY_DRAFT, { factor: 2, where: 'class' });
  expect([slow.where, changed(slow, { factor: null }).where, changed(EMPTY_DRAFT, { where: 'class' }).where]).toEqual(['class', 'around', 'around']);
});
it('points_go_to_one_end_then_the_other_and_then_correct_that_one', () => {
  const at = (n: number) => ({ lat: 37 + n / 1000, lon: 127 });
  const both = picked(picked(changed(EMPTY_DRAFT, { where: 'along' }), at(1)), at(2));
  const corrected = picked(both, at(3));
  expect([corrected.from, corrected.to]).toEqual([at(1), at(3)]);
  expect(picked(changed(corrected, { end: 'from' }), at(4))).toMatchObject({ from: at(4), to: at(3), end: 'from' });
  expect(picked(EMPTY_DRAFT, { lat: 37.12345678, lon: 127.00000001 }).at).toEqual({ lat: 37.123457, lon: 127 });
});
const api = (...answers: (Condition | Error)[]) => ({
  addCondition: vi.fn(async (_body: ConditionBody, _key: string) => {
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  }),
});
const counted = (): (() => string) => { let n = 0; return () => `k${++n}`; };
const keys = (calls: ReturnType<typeof api>): string[] => calls.addCondition.mock.calls.map(([, key]) => key);
it('a_second_press_while_it_is_on_its_way_sends_nothing', async () => {
  const calls = api(listed('new'));
  const saying = new Saying(calls.addCondition, counted());
  const both = await Promise.all([saying.say(BODY), saying.say(BODY)]);
  expect([both.map((one) => one?.id), keys(calls)]).toEqual([['new', undefined], ['k1']]);
});
it('what_may_have_got_through_goes_again_under_its_key_whatever_was_said_meanwhile', async () => {
  const calls = api(new Unreachable(), listed('other'), new Problem('record_unavailable', 503, null, 1, []), listed('got-through'), listed('anew'));
  const saying = new Saying(calls.addCondition, counted());
  const other = { ...BODY, until: '2026-11-26T00:00:00Z' };
  await expect(saying.say(BODY)).rejects.toThrow(Unreachable);
  expect((await saying.say(other))?.id).toBe('other');
  await expect(saying.say(BODY)).rejects.toThrow('record_unavailable');
  expect((await saying.say(BODY))?.id).toBe('got-through');
  await saying.say(BODY);
  expect(keys(calls)).toEqual(['k1', 'k2', 'k1', 'k1', 'k3']);
});
it('what_was_refused_is_another_thing_when_it_is_said_again', async () => {
  const calls = api(new Problem('time_in_past', 422, 'until', null, []), listed('later'));
  const saying = new Saying(calls.addCondition, counted());
  await expect(saying.say(BODY)).rejects.toThrow('time_in_past');
  expect([(await saying.say(BODY))?.id, keys(calls)]).toEqual(['later', ['k1', 'k2']]);
});

it('the_map_shows_what_is_closed_what_is_slow_and_what_is_about_to_be_said', () => {
  const stretch: ConditionBody = { factor: 2, along: { from: POINT, to: { lat: 37.57, lon: 126.98 } }, modes: ['drive'] };
  const ofClass: ConditionBody = { factor: 2, class: 'primary', modes: ['drive'] };
  const { features } = streetFeatures([listed('a'), listed('b', stretch, false), listed('c', ofClass)], AROUND);
  expect(features.map(({ properties, geometry }) => [properties!['role'], properties!['pale'], geometry.type])).toEqual([
    ['closed', false, 'Polygon'], ['closed', false, 'Point'], ['slow', true, 'LineString'], ['slow', true, 'Point'], ['slow', true, 'Point'],
    ['draft', false, 'Polygon'], ['draft', false, 'Point'],
  ]);
  const drafts = (draft: Draft): string[] => streetFeatures([], draft).features.map(({ geometry }) => geometry.type);
  const along = changed(EMPTY_DRAFT, { where: 'along' });
  expect([drafts(EMPTY_DRAFT), drafts(picked(along, POINT)), drafts(picked(picked(along, POINT), POINT)), drafts(changed(AROUND, { factor: 2, where: 'class' }))])
    .toEqual([[], ['Point'], ['LineString', 'Point', 'Point'], []]);
});
it('what_was_said_lately_is_waited_for', () => {
  const at = NOW + 30_000;
  expect([isAwaited(listed('a', BODY, false), at), isAwaited(listed('a', BODY, true), at), isAwaited(listed('a', BODY, false), NOW + 61_000)]).toEqual([true, false, false]);
});
it.each(['around', 'around.at', 'around.radius_m', 'along', 'along.from', 'along.to', 'class', 'modes', 'factor', 'hours', 'until'])('the field %s has words', (field) => {
  expect(fieldWords(field)).toMatch(/^[^a-z]+$/);
});
it('the_words_of_a_whole_path_go_before_those_of_its_parts', () => { expect(fieldWords('around.at')).toBe('지점: 지도 밖'); });

it('a_line_is_for_who_walks_to_it_and_needs_no_point', () => {
  const line = changed(EMPTY_DRAFT, { where: 'line' });
  expect([missing(line), picked(line, POINT)]).toEqual(['line', line]);
  expect(bodyOf(changed(line, { line: '2', modes: [] }), NOW)).toEqual({ closed: true, line: '2', modes: ['walk'] });
});
