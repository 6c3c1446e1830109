// The zone that is about to be added: what it still lacks, what is sent of it, what the map shows. A wrong radius stays as it was typed.
import { expect, it } from 'vitest';
import { Desk } from './desk';
import { Alarm } from './alarm';
import { Api } from '../shared/api';
import { bodyOf, EMPTY_ZONE, missing, radiusOf } from './zones';
import { zoneFeatures } from './zoneLayer';

const at = { lat: 37.512_345_678, lon: 127.065_432_1 };

it('a_radius_is_a_whole_number_of_metres_within_the_limits_of_the_server', () => {
  const of = (radius: string): number | null => radiusOf({ at, radius });
  expect(['10', '5000', ' 150 '].map(of)).toEqual([10, 5000, 150]);
  expect(['9', '5001', '', '1.5', '1e3', '-20', 'abc', '100000'].map(of)).toEqual(Array(8).fill(null));
});
it('a_point_and_a_radius_make_a_body_and_nothing_less_does', () => {
  expect([missing(EMPTY_ZONE), missing({ at, radius: '9' }), missing({ at, radius: '150' })]).toEqual(['point', 'radius', null]);
  expect([bodyOf(EMPTY_ZONE), bodyOf({ at, radius: '9' })]).toEqual([null, null]);
  expect(bodyOf({ at, radius: '150' })).toEqual({ around: { at: { lat: 37.512_346, lon: 127.065_432 }, radius_m: 150 } });
});
it('the_map_shows_the_circle_or_the_point_alone_while_the_radius_is_wrong', () => {
  const shapes = (...args: Parameters<typeof zoneFeatures>): string[] => zoneFeatures(...args).features.map(({ geometry }) => geometry.type);
  expect([shapes(at, 150), shapes(at, null), shapes(null, 150)]).toEqual([['Polygon', 'Point'], ['Point'], []]);
});
it('a_click_goes_to_who_asked_last_and_to_the_other_again_when_that_is_done', () => {
  const desk = new Desk(new Api(null), new Alarm());
  const [street, zone] = [{}, {}];
  const streetDone = desk.pick(street);
  const zoneDone = desk.pick(zone);
  expect([desk.picking, desk.isPicking(street), desk.isPicking(zone)]).toEqual([true, false, true]);
  zoneDone();
  expect([desk.picking, desk.isPicking(street)]).toEqual([true, true]);
  streetDone();
  expect(desk.picking).toBe(false);
});
