// What goes out of what the device says: each measurement once, and a device that has gone quiet is asked.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api } from '../shared/api';
import { now } from '../shared/clock';
import type { MapInfo } from '../shared/types';
import { FIX_EVERY_MS, Locator } from './locator';

type Said = (position: { coords: { latitude: number; longitude: number; accuracy: number }; timestamp: number }) => void;
let watched: Said;
let asked: { say: Said; fail: (error: { code: number }) => void; options: PositionOptions }[];
/** How old each fix was when it went out, milliseconds. */
let sent: number[];
let locator: Locator;

beforeEach(() => {
  vi.useFakeTimers();
  [asked, sent] = [[], []];
  vi.stubGlobal('navigator', { geolocation: {
    watchPosition: (say: Said) => { watched = say; return 1; },
    clearWatch: () => {},
    getCurrentPosition: (say: Said, fail: () => void, options: PositionOptions) => { asked.push({ say, fail, options }); },
  } });
  locator = new Locator({} as Api, (_at, _acc, _kind, takenAt) => { sent.push(Math.round(now() - takenAt)); });
  locator.start();
});
afterEach(() => { locator.stop(); vi.useRealTimers(); });

const at = (timestamp = Date.now()): Parameters<Said>[0] => ({ coords: { latitude: 37.5, longitude: 127, accuracy: 20 }, timestamp });
const beats = (n: number): void => { vi.advanceTimersByTime(n * FIX_EVERY_MS); };

it('a_device_that_calls_back_is_not_asked', () => {
  for (let n = 0; n < 20; n++) { watched(at()); beats(1); }
  expect([sent.length, asked.length]).toEqual([20, 0]);
});
it('a_device_that_is_quiet_for_two_beats_is_asked_and_what_it_measures_goes_out_at_once', () => {
  watched(at());
  beats(1);
  expect(sent.length).toBe(1);
  beats(1);
  expect(asked.length).toBe(0);
  beats(1);
  expect(asked.map(({ options }) => options.maximumAge)).toEqual([0]);
  for (let n = 0; n < 10; n++) {
    vi.advanceTimersByTime(300);
    asked.at(-1)!.say(at(Date.now() - 200));
    expect([sent.length, sent.at(-1)]).toEqual([2 + n, 200]);
    beats(2);
    expect(asked.length).toBe(2 + n);
  }
});
it('a_device_that_takes_its_time_is_asked_once_and_again_when_it_gives_up', () => {
  watched(at());
  beats(5);
  expect(asked.length).toBe(1);
  asked[0]!.fail({ code: 3 });
  expect(locator.failed).toBe(false);
  beats(1);
  expect([asked.length, sent.length]).toEqual([2, 1]);
});
it('what_was_measured_before_goes_out_neither_again_nor_as_new', () => {
  const first = at();
  watched(first);
  beats(3);
  asked[0]!.say(first);
  beats(1);
  expect([sent.length, asked.length]).toEqual([1, 2]);
  asked[1]!.say(at(Date.now() - 10_000));
  expect(sent).toEqual([FIX_EVERY_MS, 10_000]);
});
it('before_the_first_word_and_after_the_end_nothing_is_asked_and_nothing_goes_out', async () => {
  beats(5);
  expect(asked.length).toBe(0);
  watched(at());
  beats(3);
  expect(asked.length).toBe(1);
  locator.stop();
  asked[0]!.say(at());
  beats(5);
  expect([asked.length, sent.length]).toEqual([1, 1]);
  locator.start();
  watched(at());
  await locator.useDemo(true, { center: [127, 37.5], stations: [] } as unknown as MapInfo, 1, 'walk');
  sent.length = 0;
  beats(5);
  expect(asked.length).toBe(1);
});
