// The sweep corrects the picture and takes nothing from it that it cannot know.
import { expect, it, vi } from 'vitest';
import { Problem, type Api } from '../shared/api';
import type { ConsoleState, Incident, LatLon, Mode, Phase, Reach, ReachCell, StaffRow, Trip } from '../shared/types';
import type { Alarm } from './alarm';
import { staffFor } from './Codes';
import { Desk } from './desk';

const NOW = Date.now();
const iso = (agoMs: number): string => new Date(NOW - agoMs).toISOString();
const trip = (id: string, phase: Phase, change_no: number, agoMs = 1_000): Trip => ({ id, phase, change_no, requested_at: iso(agoMs), updated_at: iso(agoMs) });
const incident = (id: string, takenAgoMs: number | null): Incident => ({
  id, kind: 'sos', raised_by: 'rider', no: null, trip: null, raised_at: iso(60_000), position: null, live: null, doubted: null, concerned: true, registered: [],
  acknowledged_by: takenAgoMs === null ? null : 'x', acknowledged_at: takenAgoMs === null ? null : iso(takenAgoMs),
});
const answer = (trips: Trip[], incidents: Incident[] = []): ConsoleState => ({ trips, incidents, staff: [], unreadable: [], now: new Date().toISOString() });
const visible = (): void => { Object.assign(globalThis, { document: { visibilityState: 'visible' } }); };
Object.assign(globalThis, { document: { visibilityState: 'hidden' } });
function desk(api: Partial<Api> = {}): { desk: Desk; rings: boolean[] } {
  const rings: boolean[] = [];
  const alarm = { ring: (on: boolean) => { rings.push(on); } } as unknown as Alarm;
  return { desk: new Desk(api as Api, alarm), rings };
}
const later = (): number => performance.now() + 1;
const phases = (one: Desk): [string, Phase][] => [...one.trips.values()].map(({ id, phase }): [string, Phase] => [id, phase]).sort();

it('how_a_trip_ended_stays_though_the_answer_holds_open_trips_only', () => {
  const { desk: one } = desk();
  one.receive({ t: 'console', n: 1, trips: [trip('a', 'no_show', 5), trip('b', 'matching', 6), trip('old', 'completed', 1, 11 * 60_000)] });
  one.takeAll(answer([trip('b', 'offered', 7)]), later());
  expect(phases(one)).toEqual([['a', 'no_show'], ['b', 'offered']]);
});
it('an_open_trip_the_answer_does_not_hold_has_ended_unseen', () => {
  const { desk: one } = desk();
  one.receive({ t: 'console', n: 1, trips: [trip('a', 'matching', 900)] });
  one.takeAll(answer([]), later());
  expect(phases(one)).toEqual([]);
});
it('what_the_feed_said_after_the_question_stands', () => {
  const { desk: one } = desk();
  const asked = performance.now() - 1;
  one.receive({ t: 'console', n: 1, trips: [trip('new', 'matching', 9), trip('a', 'offered', 8)] });
  one.takeAll(answer([trip('a', 'matching', 7)]), asked);
  expect(phases(one)).toEqual([['a', 'offered'], ['new', 'matching']]);
});
it('a_taken_alarm_stays_taken_and_readable_for_half_an_hour', () => {
  const { desk: one, rings } = desk();
  one.receive({ t: 'console', n: 1, incidents: [incident('i', 1_000), incident('old', 31 * 60_000)] });
  one.takeAll(answer([], [incident('i', null)]), later());
  expect([...one.incidents.values()].map(({ id, acknowledged_at }) => [id, acknowledged_at !== null])).toEqual([['i', true]]);
  one.receive({ t: 'console', n: 2, incidents: [incident('i', null)] });
  expect(rings.at(-1)).toBe(false);
});
it('that_the_record_does_not_answer_is_said_until_it_does', () => {
  const { desk: one } = desk();
  one.receive({ t: 'console', n: 1, trips: [trip('a', 'matching', 1)] });
  const said = [one.behind];
  one.receive({ t: 'console', n: 2, trips: [], incidents: [], staff: [], behind: true });
  one.receive({ t: 'map', n: 3, people: [] });
  said.push(one.behind);
  one.receive({ t: 'console', n: 4, trips: [], incidents: [], staff: [], behind: false });
  said.push(one.behind);
  expect(phases(one)).toEqual([['a', 'matching']]);
  // Where the word of its return was lost, an answer says the same.
  one.receive({ t: 'console', n: 5, behind: true });
  said.push(one.behind);
  one.takeAll(answer([]), later());
  expect([...said, one.behind]).toEqual([false, true, false, true, false]);
});
it('that_something_cannot_be_read_is_said_until_all_of_it_can_be', () => {
  const { desk: one } = desk();
  const said = [one.unreadable];
  const hear = (message: object): void => { one.receive({ t: 'console', n: 1, ...message }); said.push(one.unreadable); };
  hear({ behind: false, unreadable: ['incidents'] });
  hear({ trips: [trip('a', 'matching', 1)] });
  hear({ behind: false, unreadable: [] });
  one.takeAll({ ...answer([]), unreadable: ['staff'] }, later());
  expect([...said, one.unreadable]).toEqual([[], ['incidents'], ['incidents'], [], ['staff']]);
});
it('an_open_alarm_the_answer_does_not_hold_was_taken_elsewhere', () => {
  const { desk: one, rings } = desk();
  one.receive({ t: 'console', n: 1, incidents: [incident('i', null)] });
  expect(rings.at(-1)).toBe(true);
  one.takeAll(answer([]), later());
  expect([one.incidents.size, rings.at(-1)]).toEqual([0, false]);
});
it('a_refusal_outlives_the_fetch_that_follows_it', async () => {
  const { desk: one } = desk({ candidates: async () => [] });
  one.receive({ t: 'console', n: 1, trips: [trip('a', 'matching', 1)] });
  one.select('a');
  await one.act('assign', async () => { throw new Problem('staff_busy', 409, null, null, []); });
  expect((one.error as Problem).code).toBe('staff_busy');
  await one.act('assign', async () => trip('a', 'offered', 2));
  expect(one.error).toBeNull();
});
it('a_second_press_of_the_same_button_is_not_a_second_action', async () => {
  const { desk: one } = desk({ candidates: async () => [] });
  one.receive({ t: 'console', n: 1, trips: [trip('a', 'matching', 1), trip('b', 'matching', 2)] });
  one.select('a');
  let sent = 0;
  let give: () => void = () => {};
  const work = (): Promise<Trip> => { sent += 1; return new Promise((resolve) => { give = () => resolve(trip('a', 'offered', 3)); }); };
  const first = one.act('assign', work);
  expect([await one.act('assign', work), one.isActing('assign'), one.isActing('cancel'), sent]).toEqual([false, true, false, 1]);
  one.select('b');
  expect(one.isActing('assign')).toBe(false);
  give();
  expect([await first, phases(one)[0]]).toEqual([true, ['a', 'offered']]);
  one.select('a');
  expect(one.isActing('assign')).toBe(false);
});
it('places_are_hidden_when_another_trip_is_opened_and_when_the_trip_ends', async () => {
  visible();
  const at = { lat: 1, lon: 2 };
  const looks: string[] = [];
  const reveal = async (id: string) => { looks.push(id); return { trip: id, pickup: at, dropoff: at, until: '' }; };
  const { desk: one } = desk({ candidates: async () => [], cells: async () => [], reveal });
  const placed = (id: string, change: number, phase: Phase = 'assigned'): Trip => ({ ...trip(id, phase, change), area: { cell: '', lat: 1, lon: 2, radius_m: 600 } });
  one.receive({ t: 'console', n: 1, trips: [placed('a', 1), placed('b', 2)] });
  one.select('a');
  await one.toggleReveal();
  expect([one.reveal.shown, one.reveal.places?.pickup]).toEqual(['a', at]);
  one.select('b');
  expect(one.reveal.shown).toBeNull();
  await one.toggleReveal();
  expect(looks).toEqual(['a', 'b']);
  one.receive({ t: 'console', n: 2, trips: [trip('b', 'completed', 3)] });
  expect(one.reveal.shown).toBeNull();
});
it('a_fresh_page_shows_what_ended_and_what_was_taken_a_short_while_ago', () => {
  const { desk: one, rings } = desk();
  one.takeAll(answer([trip('a', 'no_show', 5), trip('b', 'matching', 6)], [incident('i', 60_000)]), later());
  expect(phases(one)).toEqual([['a', 'no_show'], ['b', 'matching']]);
  expect([[...one.incidents.keys()], rings.at(-1)]).toEqual([['i'], false]);
});
it('the_place_of_a_taken_alarm_goes_on_moving', () => {
  const { desk: one } = desk();
  const live = { lat: 1, lon: 2, acc_m: 3, age_s: 0, taken_at: iso(0) };
  one.receive({ t: 'console', n: 1, incidents: [incident('i', 60_000)] });
  one.takeAll(answer([], [{ ...incident('i', 60_000), live }]), later());
  expect(one.incidents.get('i')?.live).toEqual(live);
});
it('an_alarm_of_others_rings_and_is_not_taken_from_here', async () => {
  const asked: string[] = [];
  const { desk: one, rings } = desk({ acknowledge: async (id) => { asked.push(id); return incident(id, 0); } });
  one.receive({ t: 'console', n: 1, incidents: [{ ...incident('theirs', null), concerned: false }] });
  expect(rings.at(-1)).toBe(true);
  await one.acknowledgeKeyed();
  expect([one.keyed, asked]).toEqual([null, []]);
});
it('a_number_that_does_not_follow_the_last_fetches_everything', async () => {
  let fetched = 0;
  const { desk: one } = desk({ console: async () => { fetched += 1; return answer([]); }, me: async () => ({}) as never, map: async () => ({}) as never });
  for (const n of [7, 8, 0, 8, 9]) one.receive({ t: 'map', n, people: [], gone: [] });
  expect(fetched).toBe(2);
});
it('a_code_is_handed_over_once_and_kept_nowhere_and_a_refusal_hands_over_none', async () => {
  const asked: unknown[] = [];
  const { desk: one } = desk({ giveCode: async (whose) => { asked.push(whose); return { code: 'KX7M-2Q9P', expires_at: iso(0) }; } });
  expect((await one.giveCode({ trip: 't' }))?.code).toBe('KX7M-2Q9P');
  expect(asked).toEqual([{ trip: 't' }]);
  const { reveal, people, alarm, ...kept } = one;
  expect(JSON.stringify(kept)).not.toContain('KX7M');
  const { desk: two } = desk({ giveCode: async () => { throw new Problem('not_found', 404, null, null, []); } });
  expect([await two.giveCode({ account: 'a' }), two.error instanceof Problem]).toEqual([null, true]);
});
it('staff_are_found_by_number_or_name_in_the_order_of_their_numbers', () => {
  const row = (no: number, display: string): StaffRow => ({ id: String(no), no, display, agency: 'a', kind: 'guard', mode: null, state: 'off_shift', trip: null, verdict: null, silent: false });
  const rows = [row(205, 'Park'), row(101, 'Kim'), row(120, 'kimchi')];
  const found = (words: string): number[] => staffFor(rows, words).map(({ no }) => no);
  expect([found(''), found(' KIM'), found('20'), found('x')]).toEqual([[101, 120, 205], [101, 120], [120, 205], []]);
});
it('a_screen_keeps_what_it_was_told_and_asks_for_the_whole_when_a_number_is_missing', () => {
  const { desk: one } = desk();
  const asked: unknown[] = [];
  Object.assign(one, { socket: { ask: (_: string, message: unknown) => { asked.push(message); } } });
  const numbers = (): number[] => (one.people.draw(performance.now())?.points.features ?? []).map(({ id }) => id as number);
  one.receive({ t: 'map', n: 1, people: [[9, 37, 127, 0, 0, 5]] });
  one.receive({ t: 'area', n: 5, tier: 'near', whole: true, people: [[1, 37, 127, 0, 0, 5], [2, 37, 127, 0, 0, 5]] });
  expect([numbers(), one.tier]).toEqual([[1, 2], 'near']);
  // From one part of the screen to another: in both lists.
  one.receive({ t: 'area', n: 6, tier: 'near', whole: false, people: [[1, 37.1, 127, 0, 0, 5]], gone: [1, 2] });
  expect([numbers(), asked.length]).toEqual([[1], 0]);
  one.receive({ t: 'area', n: 8, tier: 'near', whole: false, gone: [1] });
  expect([numbers(), asked]).toEqual([[], [{ t: 'view', west: -180, south: -90, east: 180, north: 90, zoom: 11 }]]);
  one.look({ west: 1, south: 2, east: 3, north: 4, zoom: 14 });
  expect(asked[1]).toEqual({ t: 'view', west: 1, south: 2, east: 3, north: 4, zoom: 14 });
});
it('counts_from_afar_keep_the_outline_they_were_told_once', () => {
  const { desk: one } = desk();
  const outline: [number, number][] = [[1, 2], [3, 4], [5, 6]];
  const rows = (): unknown => one.counts.list.map(({ cell, available, busy, boundary }) => [cell, available, busy, boundary.length]);
  one.receive({ t: 'area', n: 1, tier: 'far', whole: true, cells: [['a', 2, 1, outline], ['b', 1, 0, outline]] });
  one.receive({ t: 'area', n: 2, tier: 'far', whole: false, cells: [['a', 3, 1], ['b', 0, 0]] });
  expect(rows()).toEqual([['a', 3, 1, 3]]);
  one.receive({ t: 'area', n: 9, tier: 'far', whole: true, cells: [] });
  expect(rows()).toEqual([]);
});
it('what_the_watch_saw_after_the_question_is_not_undone_by_the_answer', () => {
  const { desk: one } = desk({ cells: async () => [] });
  const asked = performance.now() - 1;
  const seen = { ...trip('a', 'escorting', 7), watch: [{ sign: 'silent' as const, nos: [114], since: iso(61_000) }] };
  one.receive({ t: 'console', n: 1, trips: [seen] });
  one.takeAll(answer([trip('a', 'escorting', 7)]), asked);
  expect(one.trips.get('a')?.watch).toHaveLength(1);
  one.takeAll(answer([trip('a', 'escorting', 7)]), later());
  expect(one.trips.get('a')?.watch).toBeUndefined();
});
it('a_picture_that_is_not_there_yet_is_said_and_asked_for_again_until_something_else_is_looked_at', async () => {
  vi.useFakeTimers();
  try {
    const asked: string[] = [];
    const cell = (id: string): ReachCell => ({ cell: id, seconds: 60, p90_s: 90, boundary: [] });
    let isThere = false;
    let refuse: (why: Problem) => void = () => {};
    const late = new Promise<Reach>((_, reject) => { refuse = reject; });
    const isochrones = async (_at: LatLon, mode: Mode): Promise<Reach> => {
      asked.push(mode);
      if (mode === 'drive') return late;
      if (mode === 'cycle' && !isThere) throw new Problem('not_yet', 503, null, 2, []);
      return { source: 'road', cells: [cell(mode)] };
    };
    const { desk: one } = desk({ candidates: async () => [], cells: async () => [], isochrones });
    one.receive({ t: 'console', n: 1, trips: [{ ...trip('a', 'matching', 1), area: { cell: 'c', radius_m: 500, lat: 37.5, lon: 127 } }] });
    one.select('a');
    void one.showReach('cycle');
    await vi.advanceTimersByTimeAsync(0);
    expect([one.error, one.reachAwaited, one.reach]).toEqual([null, 'cycle', null]);
    // What is refused meanwhile stays until the next press.
    expect(await one.act('assign', async () => { throw new Problem('staff_not_eligible', 422, null, null, []); })).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([(one.error as Problem).code, one.reachAwaited]).toEqual(['staff_not_eligible', 'cycle']);
    isThere = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([(one.error as Problem).code, one.reachAwaited, one.reach?.mode, asked.length]).toEqual(['staff_not_eligible', null, 'cycle', 3]);
    // Looking at the same trip again ends it, and nothing is awaited that nobody asks for.
    isThere = false;
    void one.showReach('cycle');
    await vi.advanceTimersByTimeAsync(0);
    one.select('a');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([one.reachAwaited, asked.length]).toEqual([null, 4]);
    asked.length = 0;

    isThere = false;
    void one.showReach('cycle');
    await vi.advanceTimersByTimeAsync(0);
    await one.showReach('walk');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([one.error, one.reachAwaited, one.reach?.mode, asked]).toEqual([null, null, 'walk', ['cycle', 'walk']]);

    void one.showReach('drive');
    await one.showReach('walk');
    refuse(new Problem('no_way', 409, null, null, []));
    await vi.advanceTimersByTimeAsync(0);
    expect([one.error, one.reach?.mode]).toEqual([null, 'walk']);
  } finally {
    vi.useRealTimers();
  }
});
