// Who stays signed in when the tab is closed, and that two people on one browser do not share a token.
import { expect, it } from 'vitest';
import { memory } from './memory';
import { TokenStore, type Page } from './session';

it('phones_stay_signed_in_when_the_tab_is_closed_and_desks_do_not', () => {
  const [tab, phone] = [memory(), memory()];
  Object.assign(globalThis, { sessionStorage: tab, localStorage: phone, location: { hash: '' } });
  for (const page of ['book', 'staff', 'console'] as Page[]) new TokenStore(page).write(page);
  Object.assign(globalThis, { sessionStorage: memory() });
  expect((['book', 'staff', 'console'] as Page[]).map((page) => new TokenStore(page).read())).toEqual(['book', 'staff', null]);
  new TokenStore('book').clear();
  expect(new TokenStore('book').read()).toBeNull();
});
it('a_second_person_on_one_browser_has_an_entry_of_their_own', () => {
  const storage = memory();
  new TokenStore('staff', storage, '').write('one');
  new TokenStore('staff', storage, '#2').write('two');
  expect([new TokenStore('staff', storage, '#<b>').read(), new TokenStore('staff', storage, '#2').read()]).toEqual(['one', 'two']);
});
