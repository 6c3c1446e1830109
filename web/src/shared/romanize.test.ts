// Words a rider has to say, for one who cannot read them.
import { expect, it } from 'vitest';
import { romanize } from './romanize';

it.each([['노을', 'no-eul'], ['파도', 'pa-do'], ['바둑', 'ba-duk'], ['참새', 'cham-sae'], ['꽃', 'kkot'], ['읽', 'ik'], ['값', 'gap'], ['힣', 'hit'], ['가', 'ga']])('%s is %s', (word, read) => {
  expect(romanize(word)).toBe(read);
});
it('what_is_not_korean_stays', () => { expect(romanize('A')).toBe('A'); });
