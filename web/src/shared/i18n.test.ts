// Both dictionaries say the same things, with the same blanks, and nothing a page title or a promise may not hold.
import { expect, it } from 'vitest';
import deskEn from '../console/words.en.json';
import deskKo from '../console/words.ko.json';
import sharedEn from './en.json';
import { fieldWords, fill, type Key } from './i18n';
import sharedKo from './ko.json';
import { STAFF_STATES } from './types';

const [ko, en] = [{ ...sharedKo, ...deskKo }, { ...sharedEn, ...deskEn }];
const keys = Object.keys(ko) as Key[];
const blanks = (sentence: string): string[] => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

it('both_have_the_same_keys', () => {
  expect(Object.keys(en)).toEqual(keys);
  expect(Object.keys(deskKo).filter((key) => key in sharedKo)).toEqual([]);
});
it('phones_say_nothing_that_only_the_console_brings', () => {
  const sources = import.meta.glob<string>(['./**/*.{ts,tsx}', '../{book,staff}/**/*.{ts,tsx}', '!./**/*.test.ts'], { query: '?raw', import: 'default', eager: true });
  const files = Object.entries(sources);
  expect(files.length).toBeGreaterThan(30);
  for (const [file, text] of files) expect([file, Object.keys(deskKo).filter((key) => text.includes(`'${key}`))]).toEqual([file, []]);
});
it('both_have_the_same_blanks', () => {
  for (const key of keys) expect([key, blanks(en[key])]).toEqual([key, blanks(ko[key])]);
});
it('nothing_is_empty_and_english_holds_no_hangul', () => {
  for (const key of keys) {
    expect(ko[key].trim(), key).not.toBe('');
    expect(/[가-힣]/.test(en[key]), key).toBe(false);
  }
});
it('title_says_nothing_about_the_service', () => {
  for (const title of [ko.title, en.title]) expect(/동행|안심|스토킹|보호|신고|escort|donghaeng|stalk|safe|protect/i.test(title)).toBe(false);
});
it('nothing_is_promised_that_nobody_confirmed', () => {
  for (const key of keys) {
    expect(/보장|안전합니다|경찰이 (가|오)|출동/.test(ko[key]), key).toBe(false);
    expect(/guarantee|you are safe|police are|on their way to you/i.test(en[key]), key).toBe(false);
  }
});
it('every_phase_and_state_has_its_word', () => {
  const phases = ['requested', 'reserved', 'matching', 'offered', 'assigned', 'en_route', 'arrived', 'met', 'escorting', 'completed', 'cancelled', 'no_show', 'unserved'];
  for (const phase of phases) for (const prefix of ['phase', 'say']) expect(keys).toContain(`${prefix}.${phase}`);
  for (const state of STAFF_STATES) expect(keys).toContain(`state.${state}`);
});
/** Every field that a refusal of a call of these pages can name: `bad_field` of dispatcher/src/http and the names of the bodies. */
const FIELDS = [
  'code', 'kind', 'pickup.lat', 'pickup.label', 'dropoff', 'dropoff.lon', 'at', 'crew_size', 'commute', 'commute.days', 'commute.days[0]',
  'commute.outward_at', 'commute.return_at', 'commute.from', 'commute.until', 'date', 'trip', 'fixes', 'fixes[3].acc_m', 'mode', 'hours',
  'staff', 'staff[1]', 'reason', 'account', 'at.lat', 'minutes', 'from.lat',
];
it.each(FIELDS)('the field %s has words', (field) => {
  expect(fieldWords(field)).not.toMatch(/[a-z]/);
});
it('the_words_of_a_field_go_from_whole_to_part_and_an_unknown_one_is_shown_as_it_is', () => {
  expect([fieldWords('commute.days[0]'), fieldWords('pickup.lat'), fieldWords('newer.than_this')]).toEqual(['정기 · 요일', '만날 곳', 'newer.than_this']);
});
it('a_blank_without_a_value_stays_visible', () => { expect(fill('{a} and {b}', { a: 1 })).toBe('1 and {b}'); });
