// Owns what a supervisor does by hand, in real browsers against a real server: keep who has accepted and ask another, see who may
// not be in a crew, end a trip for its crew, give codes; and what the phones then show. Speaks to the pages, and as an admin to
// the API for what no page does. Prints each step; any broken expectation ends it with a non-zero status.
// usage: node by_hand.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]
import assert from 'node:assert/strict';
import { ConsolePage, openBrowser, play, RiderPage, soon, StaffPage, Watch } from './pages.mjs';

const [base, riderCode, staffCode, staff2Code, supervisorCode, adminToken, pictures] = process.argv.slice(2);
assert.ok(adminToken, 'usage: by_hand.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]');
const chromium = process.env.DONGHAENG_CHROMIUM ?? '/usr/bin/chromium';
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
const [FROM, TO] = ['City Hall', 'Hyehwa'];

const begun = Date.now();
const step = (what) => console.log(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${what}`);
const watch = new Watch(base);
const browsers = await Promise.all([PHONE, PHONE, PHONE, PHONE, DESK].map((size) => openBrowser(chromium, size)));
const [rider, one, two, three, desk] = await Promise.all([
  RiderPage.open(browsers[0].context, base, watch, 'rider'),
  StaffPage.open(browsers[1].context, base, watch, 'staff one'),
  StaffPage.open(browsers[2].context, base, watch, 'staff two'),
  StaffPage.open(browsers[3].context, base, watch, 'staff three'),
  ConsolePage.open(browsers[4].context, base, watch, 'console'),
]);
const staff = [one, two, three];
const everyone = [rider, ...staff, desk];
/** One picture as it is, and of the console one in English and one as wide as a phone. */
const picture = async (name, page) => {
  if (!pictures) return;
  await page.page.waitForTimeout(1_000);
  await page.page.screenshot({ path: `${pictures}/${name}.png`, fullPage: page !== desk });
  await page.switchLanguage();
  await page.page.screenshot({ path: `${pictures}/${name}-en.png`, fullPage: page !== desk });
  if (page === desk) {
    await page.page.setViewportSize(PHONE);
    await page.page.waitForTimeout(500);
    await page.page.screenshot({ path: `${pictures}/${name}-phone-en.png`, fullPage: true });
    await page.page.setViewportSize(DESK);
  }
  await page.switchLanguage();
};

const me = (page) => page.page.evaluate(async () => {
  const token = Object.values({ ...sessionStorage, ...localStorage }).find((value) => value.length > 20);
  return (await fetch('/v1/me', { headers: { Authorization: `Bearer ${token}` } })).json();
});
async function asAdmin(path, body) {
  const answer = await fetch(`${base}/v1/admin/${path}`, {
    method: 'POST', headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}

/** Who they are, filled in as they sign in. */
const numbers = new Map();
await play(async () => {
  await signInAll();
  const { kept, asked, left } = await keepWhoAccepted();
  await overlap();
  await barred(kept, asked);
  await endAsFinished(kept, asked);
  await backByCode(left);
  await notYet();
  assert.deepEqual(watch.faults.filter((fault) => !/status of (409|422)/.test(fault)), []);
  step('all of it holds');
}, everyone, browsers, watch, pictures);

async function signInAll() {
  await Promise.all([rider.signIn(riderCode), one.signIn(staffCode), two.signIn(staff2Code), desk.signIn(supervisorCode)]);
  const agency = (await me(one)).agency.id;
  await three.signIn((await asAdmin('staff', { agency, name: '박가드', kind: 'guard' })).code);
  for (const page of staff) numbers.set(page, (await me(page)).no);
  await Promise.all(staff.map((page) => page.startShift()));
  await desk.find('live-map', { ready: 'true' }).waitFor();
  await desk.page.waitForFunction(() => Number(document.querySelector('[data-testid=count-available]')?.textContent) >= 3);
  step('a rider, three staff on shift and a supervisor');
}

function tick(page) { return desk.find('candidate', { no: numbers.get(page) }).check(); }
function member(page) { return desk.page.locator(`[data-testid=crew] li[data-no="${numbers.get(page)}"]`); }

async function keepWhoAccepted() {
  await rider.bookNow(FROM, TO);
  await desk.page.locator('[data-testid=trip-row][data-phase=offered]').click();
  await desk.id('detail').waitFor();
  await desk.page.locator('[data-testid=crew] li[data-state=open]').nth(1).waitFor();
  const offered = await Promise.all(staff.map(async (page) => (await member(page).count()) === 1));
  const [kept, asked] = staff.filter((_, i) => offered[i]);
  const spare = staff.find((_, i) => !offered[i]);
  await kept.accept();
  await desk.page.locator(`[data-testid=crew] li[data-no="${numbers.get(kept)}"][data-state=accepted]`).waitFor();
  await tick(kept);
  await tick(spare);
  await desk.id('assign-submit').click();
  await spare.id('offer-card').waitFor();
  await asked.find('gone', { reason: 'taken_back' }).waitFor();
  await desk.page.locator(`[data-testid=crew] li[data-no="${numbers.get(kept)}"][data-state=accepted]`).waitFor();
  await member(asked).waitFor({ state: 'detached' });
  await picture('console-kept', desk);
  await spare.accept();
  await Promise.all([rider, kept, spare].map((page) => page.reaches('assigned')));
  step('who had accepted was kept, the other slot went to another');
  return { kept, asked: spare, left: asked };
}

/** A second booking for the same time leads to the trip that is in its way. */
async function overlap() {
  const trip = await rider.trip();
  await rider.id('book-another').click();
  await rider.bookNow(FROM, TO);
  await rider.id('show-overlap').waitFor();
  await picture('rider-overlap', rider);
  await rider.id('show-overlap').click();
  await rider.reaches('assigned');
  assert.equal(await rider.trip(), trip);
  assert.equal(await rider.id('problem').count(), 0);
  step('a booking that overlaps leads to the trip it overlaps');
}

async function barred(kept, other) {
  for (const to of ['en_route', 'arrived']) await Promise.all([kept, other].map((page) => page.tap(to)));
  await Promise.all([kept, other].map((page) => page.reaches('arrived')));
  await kept.tap('met');
  await rider.reaches('met');
  assert.equal(await desk.id('barred').count(), 0);
  await asAdmin('conflicts', { staff: (await me(other)).account, rider: (await me(rider)).account });
  await member(other).getByTestId('barred').waitFor();
  await soon(async () => assert.equal(await desk.id('barred').count(), 1, 'one is marked, not both'));
  await desk.find('alarm', { acknowledged: 'false' }).waitFor();
  await picture('console-barred', desk);
  await desk.id('acknowledge').first().click();
  await desk.find('alarm', { acknowledged: 'true' }).waitFor();
  assert.ok(!(await rider.everything()).includes('data-testid="barred"'), 'the rider sees the mark');
  step('who may no longer be in the crew is marked for the supervisor, and an alarm rings');
}

async function endAsFinished(kept, other) {
  const trip = await rider.trip();
  await desk.id('complete').click();
  await picture('console-complete-sure', desk);
  await desk.id('confirm-yes').click();
  await Promise.all([rider.reaches('completed'), desk.row(trip, 'completed').waitFor()]);
  for (const page of [kept, other]) await page.find('gone', { reason: 'completed' }).waitFor();
  await picture('staff-ended', kept);
  await picture('rider-ended', rider);
  await rider.id('trip-close').click();
  step('the supervisor ended the trip as finished, and it left the phones');
}

/** Somebody who was signed out on the street is let in again by a code from the console. */
async function backByCode(page) {
  await page.id('sign-out').click();
  await page.id('code-input').waitFor();
  await desk.id('codes-open').click();
  await desk.id('codes-find').fill(String(numbers.get(page)));
  const row = desk.page.locator(`[data-testid=codes] li[data-no="${numbers.get(page)}"]`);
  await row.getByTestId('give-code').click();
  await picture('console-code-sure', desk);
  await row.getByTestId('confirm-yes').click();
  const code = (await row.getByTestId('code').innerText()).trim();
  await picture('console-code', desk);
  assert.ok(code.length > 8 && !desk.page.url().includes(code));
  assert.ok(!watch.urls.some((url) => decodeURIComponent(url).includes(code)), 'the code was in an address');
  await row.getByTestId('code-away').click();
  await soon(async () => assert.ok(!(await desk.everything()).includes(code), 'the console keeps the code after it was put away'));
  await desk.id('codes-close').click();
  await page.signIn(code);
  await page.id('waiting').waitFor();
  assert.equal((await me(page)).no, numbers.get(page));
  step('a code from the console let a staff member in again');
}

/** A crew that was assigned an hour ahead is told from when on it may set out, and cannot say so before. */
async function notYet() {
  await rider.id('when-at').click();
  await rider.id('when-next').click();
  await rider.choose('pickup', FROM, async () => {});
  await rider.choose('dropoff', TO, async () => {});
  await rider.id('book-submit').click();
  await rider.reaches('reserved');
  const trip = await rider.trip();
  await desk.row(trip).click();
  const free = desk.page.locator('[data-testid=candidate]:enabled');
  await free.nth(1).waitFor();
  const chosen = [];
  for (const page of staff) {
    const box = desk.find('candidate', { no: numbers.get(page) });
    if (chosen.length < 2 && (await box.isEnabled())) { await box.check(); chosen.push(page); }
  }
  await desk.id('give-code').waitFor();
  await desk.id('assign-submit').click();
  await Promise.all(chosen.map((page) => page.accept()));
  for (const page of chosen) {
    await page.id('set-out-from').waitFor();
    assert.ok(await page.page.locator('[data-testid=next-action][data-to=en_route]').isDisabled(), `${page.who} could set out already`);
  }
  await picture('staff-not-yet', chosen[0]);
  await picture('console-rider-code', desk);
  step('setting out is named with its time, and not to be tapped before');
}
