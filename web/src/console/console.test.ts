// Exceptions first, honest counters, and people drawn hollow when their position is old.
import { expect, it } from 'vitest';
import { language } from '../shared/i18n';
import type { Candidate, PersonAt, Phase, StaffRow, Trip, WatchSign } from '../shared/types';
import { eventText } from './Course';
import { mayChoose, mayRelease, whoMayFirst } from './Detail';
import { People } from './people';
import { isWarned, signText } from './signs';
import { counters, ENDED_SHOWN_MS, workList } from './worklist';

const NOW = Date.parse('2026-11-24T08:00:00Z');
const ago = (s: number): string => new Date(NOW - s * 1000).toISOString();
const trip = (id: string, phase: Phase, requestedAgoS: number, escalated = false): Trip =>
  ({ id, phase, escalated, requested_at: ago(requestedAgoS), waits_since: ago(requestedAgoS), updated_at: ago(1) });

it('escalated_then_missing_riders_then_the_undecided_oldest_first', () => {
  const list = workList([
    trip('done', 'completed', 900), trip('walk', 'escorting', 500), trip('new', 'matching', 10), trip('old', 'matching', 50),
    trip('lost', 'no_show', 300), trip('red2', 'matching', 70, true), trip('red1', 'offered', 90, true),
  ], NOW);
  expect(list.map(({ id }) => id)).toEqual(['red1', 'red2', 'lost', 'old', 'new', 'walk', 'done']);
});
it('a_crew_that_somebody_must_look_at_comes_before_the_calm_and_after_the_escalated', () => {
  const watched = (id: string, sign: WatchSign['sign'], phase: Phase = 'escorting'): Trip => ({ ...trip(id, phase, 400), watch: [{ sign, nos: [114], since: ago(61) }] });
  const list = workList([trip('new', 'matching', 10), watched('calm', 'at_dropoff'), watched('silent', 'silent'), trip('red', 'matching', 70, true), watched('over', 'silent', 'completed')], NOW);
  expect(list.map(({ id }) => id)).toEqual(['red', 'silent', 'new', 'calm', 'over']);
});
it('what_the_watch_sees_is_said_in_both_languages_and_unknown_stays_unknown', async () => {
  const [ko, en] = await Promise.all([import('./words.ko.json'), import('./words.en.json')]);
  await language.bring({ ko: ko.default, en: async () => en.default });
  const said = (sign: WatchSign): string => signText(sign, NOW);
  expect(said({ sign: 'silent', nos: [114], since: ago(65) })).toMatch(/^동행인 114 위치 끊김 · 1분/);
  expect(said({ sign: 'silent', nos: [114], since: null })).toBe('동행인 114 위치를 받은 적 없음');
  expect(said({ sign: 'apart', nos: [114, 115], since: ago(5) })).toMatch(/^동행인 114·115 서로 150 m 넘게 떨어짐/);
  const signs = ['silent', 'no_way', 'left_meeting', 'in_zone', 'apart', 'at_meeting', 'at_dropoff', 'silent_never'];
  for (const words of [ko.default, en.default]) for (const sign of signs) expect(Object.keys(words)).toContain(`watch.${sign}`);
});
it('what_happened_is_said_with_whose_deed_it_was_and_a_new_word_as_it_is', async () => {
  const [ko, en] = await Promise.all([import('./words.ko.json'), import('./words.en.json')]);
  await language.bring({ ko: ko.default, en: async () => en.default });
  const at = ago(5);
  expect(eventText({ at, event: 'zone_entered', by: 'staff', no: 114 })).toBe('동행인 114: 피할 구역 안이나 바로 옆으로 들어감');
  expect(eventText({ at, event: 'status', to: 'arrived', by: 'staff', no: 114 })).toMatch(/^동행인 114: /);
  expect([eventText({ at, event: 'assigned', by: null, no: null }), eventText({ at, event: 'newer', by: 'supervisor', no: null })]).toEqual(['모두 수락하여 배정됨', '담당자: newer']);
});
it('a_member_without_a_way_needs_somebody', () => {
  const watch: WatchSign[] = [{ sign: 'no_way', nos: [114], since: ago(5) }];
  expect([isWarned({ ...trip('x', 'en_route', 5), watch }), isWarned({ ...trip('x', 'en_route', 5), watch: [{ ...watch[0]!, sign: 'at_meeting' }] })]).toEqual([true, false]);
});
it('ended_trips_leave_the_list', () => {
  const ended = { ...trip('x', 'completed', 5000), updated_at: ago(ENDED_SHOWN_MS / 1000 + 1) };
  expect(workList([ended], NOW)).toEqual([]);
});
it('counters_count_the_waiting_by_age', () => {
  const staff = ['available', 'available', 'available', 'escorting', 'off_shift']
    .map((state, i) => ({ id: String(i), state, silent: i === 2 }) as StaffRow);
  expect(counters([trip('a', 'matching', 40, true), trip('b', 'escorting', 400), trip('c', 'completed', 9)], staff, NOW))
    .toEqual({ available: 2, silent: 1, busy: 1, open: 2, escalated: 1, oldestWaitingMs: 40_000 });
});

it('a_booked_time_does_not_wait_since_it_was_asked_for', () => {
  const booked = { ...trip('b', 'matching', 3 * 86_400), pickup_at: ago(-1_800), waits_since: ago(90) };
  expect(counters([booked, trip('now', 'offered', 20)], [], NOW).oldestWaitingMs).toBe(90_000);
  expect(counters([{ ...booked, phase: 'reserved', waits_since: null }], [], NOW).oldestWaitingMs).toBeNull();
});

const person = (no: number, age_s: number, state = 0, acc_m = 10): PersonAt => [no, 37.5, 127, state, age_s, acc_m];
const hollow = (people: People, now: number): boolean[] | undefined =>
  people.draw(now)?.points.features.map(({ properties }) => properties!['hollow'] as boolean);

it('nothing_new_draws_nothing', () => {
  const people = new People();
  people.take([person(1, 0)], [], 0);
  expect(people.draw(0)).not.toBeNull();
  expect(people.draw(1_000)).toBeNull();
});
it('a_position_turns_hollow_by_itself_after_15_s', () => {
  const people = new People();
  people.take([person(1, 5), person(2, 0)], [], 0);
  expect(hollow(people, 10_000)).toEqual([false, false]);
  expect(hollow(people, 10_001)).toEqual([true, false]);
  expect(hollow(people, 15_001)).toEqual([true, true]);
});
it('what_the_server_says_is_old_is_hollow_at_once', () => {
  const people = new People();
  people.take([person(1, 15), person(2, 14)], [], 0);
  expect(hollow(people, 0)).toEqual([true, false]);
});
it('the_gone_and_the_off_shift_are_removed_and_the_coarse_get_a_disc', () => {
  const people = new People();
  people.take([person(1, 0), person(2, 0), person(3, 0, 2, 2000)], [], 0);
  expect(people.draw(0)!.discs.features).toHaveLength(1);
  people.take([person(2, 0, 6)], [1], 0);
  expect(people.draw(0)!.points.features.map(({ id }) => id)).toEqual([3]);
});

it('who_may_go_comes_before_who_may_not_and_the_order_of_the_server_stands', () => {
  const one = (no: number, ...violations: string[]): Candidate => ({ staff: String(no), no, display: '', eta_s: no, eta_source: 'road', violations });
  expect(whoMayFirst([one(1, 'busy'), one(2), one(3, 'off_shift'), one(4)]).map(({ no }) => no)).toEqual([2, 4, 1, 3]);
});

it('after the meeting only who may not be in the crew can be released, and never the last one', () => {
  const crew = (...barred: boolean[]): Trip => ({ ...trip('t', 'escorting', 1), crew: barred.map((b, no) => ({ no, phase: 'escorting', eta_s: null, ...(b ? { barred: true } : {}) })) });
  expect([crew(false, false), crew(true, false), crew(true, true)].map(mayRelease)).toEqual([false, true, false]);
  expect([...(['reserved', 'matching'] as const).map((phase) => trip('u', phase, 1)), { ...crew(false), phase: 'arrived' as const }].map(mayRelease))
    .toEqual([false, false, true]);
});

it('who has accepted this trip may be kept whatever the rules say now, who is only asked or barred may not', () => {
  const one = (no: number, ...violations: string[]): Candidate => ({ staff: `s${no}`, no, display: '', eta_s: 1, eta_source: 'road', violations });
  const kept: Trip = { ...trip('t', 'offered', 1), crew: [
    { no: 1, phase: 'offered', eta_s: 1, offer_state: 'accepted' },
    { no: 2, phase: 'offered', eta_s: 1, offer_state: 'open' },
    { no: 3, phase: 'offered', eta_s: 1, offer_state: 'accepted', barred: true },
  ] };
  expect([one(1, 'stale_fix'), one(2, 'stale_fix'), one(3, 'conflict_wall'), one(4), one(5, 'busy')].map((c) => mayChoose(c, kept)))
    .toEqual([true, false, false, true, false]);
});
