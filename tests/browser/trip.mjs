// Owns the main job as people do it by hand: a rider, two staff phones and a supervisor complete one trip in real browsers
// against a real server. Speaks to the pages only. Prints each step; any broken expectation ends it with a non-zero status.
// usage: node trip.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE [SCREENSHOT_DIR]
import assert from 'node:assert/strict';
import { ConsolePage, openBrowser, play, RiderPage, soon, StaffPage, Watch } from './pages.mjs';

const [base, riderCode, staffCode, staff2Code, supervisorCode, pictures] = process.argv.slice(2);
assert.ok(supervisorCode, 'usage: trip.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE [SCREENSHOT_DIR]');
const chromium = process.env.DONGHAENG_CHROMIUM ?? '/usr/bin/chromium';
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
const [FROM, TO] = ['City Hall', 'Anguk'];

const begun = Date.now();
const step = (what) => console.log(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${what}`);
const watch = new Watch(base);
const browsers = await Promise.all([PHONE, PHONE, PHONE, DESK].map((size) => openBrowser(chromium, size)));
const [rider, one, two, desk] = await Promise.all([
  RiderPage.open(browsers[0].context, base, watch, 'rider'),
  StaffPage.open(browsers[1].context, base, watch, 'staff one'),
  StaffPage.open(browsers[2].context, base, watch, 'staff two'),
  ConsolePage.open(browsers[3].context, base, watch, 'console'),
]);
const staff = [one, two];
const everyone = [rider, one, two, desk];
const picture = async (name, page) => {
  if (!pictures) return;
  await page.page.waitForTimeout(2_500);
  await page.page.screenshot({ path: `${pictures}/${name}.png`, fullPage: page !== desk });
};

/** The names and the digits by which the exact places could be recognised. */
let secrets = [];
const codes = [riderCode, staffCode, staff2Code, supervisorCode];
async function findPlaces() {
  const map = await rider.page.evaluate(() => fetch('/v1/map').then((answer) => answer.json()));
  const of = (name) => map.stations.find((station) => station.name_en === name) ?? assert.fail(`the map has no ${name}`);
  secrets = [FROM, TO].flatMap((name) => {
    const place = of(name);
    return [place.name, place.name_en, place.lat.toFixed(4), place.lon.toFixed(4)];
  });
}

await play(async () => {
  await signInAll();
  await oneTrip();
  await alarm();
  await oneCancel();
  await nothingForbidden();
  step('all of it holds');
}, everyone, browsers, watch, pictures);

async function signInAll() {
  await Promise.all(everyone.map((page, i) => page.signIn(codes[i])));
  step('four people are signed in');
  const width = await rider.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= PHONE.width, `the rider's page is ${width} px wide on a ${PHONE.width} px screen`);
  await findPlaces();
  await Promise.all(staff.map((page) => page.startShift()));
  await desk.find('live-map', { ready: 'true' }).waitFor();
  for (const page of staff) assert.equal(await page.page.locator('.error').count(), 0, `${page.who} has no demo walk`);
  step('two shifts are running, the map is up');
}

/** The map comes when it comes; the button below it stays where somebody is about to press it. */
async function nothingMovesUnderAFinger() {
  let comes;
  const library = new Promise((done) => { comes = done; });
  await rider.page.route(/\/assets\/engine-/, async (route) => { await library; await route.continue(); });
  await rider.id('when-now').click();
  await rider.findPlace('pickup', FROM);
  const before = await rider.id('pickup-next').boundingBox();
  assert.equal(await rider.id('map').getAttribute('data-ready'), 'false');
  comes();
  await rider.find('map', { ready: 'true' }).waitFor();
  assert.deepEqual(await rider.id('pickup-next').boundingBox(), before, 'the map moved the button below it when it came');
  await rider.id('step-back').click();
}

async function oneTrip() {
  // A phone must have said where it is before the matcher may choose it.
  await desk.page.waitForFunction(() => Number(document.querySelector('[data-testid=count-available]')?.textContent) >= 2);
  await nothingMovesUnderAFinger();
  await rider.bookNow(FROM, TO, (name) => picture(name, rider));
  const asked = await rider.page.locator('[data-testid=trip-phase][data-trip]').getAttribute('data-trip');
  step('the rider has asked');
  await Promise.all(staff.map((page) => page.find('offer-card', { state: 'open' }).waitFor()));
  step('both phones show the offer');
  for (const page of staff) {
    const all = await page.everything();
    for (const secret of secrets) assert.ok(!all.includes(secret), `${page.who} knows "${secret}" before acceptance`);
    assert.equal(await page.find('place').count(), 0);
  }
  await desk.row(asked, 'offered').waitFor();
  await picture('rider-offered', rider);
  await picture('staff-offer', one);
  await one.accept();
  await two.find('partner', { partner: 'accepted' }).waitFor();
  assert.equal(await two.find('trip-phase').count(), 0, 'one acceptance gave the trip away');
  await two.accept();
  await Promise.all([rider, ...staff].map((page) => page.reaches('assigned')));
  await desk.row(asked, 'assigned').waitFor();
  step('assigned');
  await rider.id('eta').first().waitFor();
  await soon(async () => assert.equal(await rider.find('crew').locator('li').count(), 2));
  const words = { rider: await rider.id('word').innerText(), crew: await rider.id('partner-word').innerText() };
  for (const page of staff) {
    await soon(async () => assert.ok((await page.everything()).includes(secrets[0]), `${page.who} does not see the meeting point`));
    assert.equal(await page.id('word').innerText(), words.crew);
    assert.equal(await page.id('partner-word').innerText(), words.rider);
  }
  await Promise.all(staff.map((page) => page.find('way', { to: 'pickup', prefer: 'fastest' }).waitFor()));
  await picture('rider-assigned', rider);
  await picture('staff-assigned', one);
  await consoleHidesPlaces(asked);
  for (const to of ['en_route', 'arrived']) {
    await Promise.all(staff.map((page) => page.tap(to)));
    await Promise.all([...[rider, ...staff].map((page) => page.reaches(to)), desk.row(asked, to).waitFor()]);
    step(to);
  }
  // From the meeting on one tap speaks for both.
  for (const to of ['met', 'escorting', 'completed']) {
    await one.tap(to);
    await Promise.all([rider.reaches(to), desk.row(asked, to).waitFor()]);
    if (to !== 'completed') await Promise.all(staff.map((page) => page.reaches(to)));
    if (to === 'met') await bothWays(one);
    if (to === 'escorting') { await picture('rider-escorting', rider); await picture('staff-escorting', one); }
    step(to);
  }
  for (const page of staff) {
    await page.id('waiting').waitFor();
    await soon(async () => {
      const all = await page.everything();
      for (const secret of [...secrets, words.rider, words.crew, asked]) assert.ok(!all.includes(secret), `${page.who} still knows "${secret}" after the end`);
    });
  }
  await picture('rider-completed', rider);
  step('the trip has left both phones');
  await rider.id('trip-close').click();
}

/** Together with the rider the safer way is shown, and the fastest when asked for, street by street. */
async function bothWays(page) {
  await page.find('way', { to: 'dropoff', prefer: 'safer' }).waitFor();
  await page.find('way').locator('summary').click();
  await page.id('legs').locator('li').nth(1).waitFor();
  await page.id('way-fastest').click();
  await page.find('way', { to: 'dropoff', prefer: 'fastest' }).waitFor();
  await page.id('way-safer').click();
  await page.find('way', { to: 'dropoff', prefer: 'safer' }).waitFor();
  step('the way is told street by street');
}

/** Exact places are on the console only after a press, and no longer than asked for. */
async function consoleHidesPlaces(asked) {
  await desk.row(asked).click();
  await desk.find('places', { shown: 'false' }).waitFor();
  const shows = async () => (await desk.page.locator('body').innerText()).includes(secrets[0]);
  assert.equal(await shows(), false, 'the console shows the meeting point unasked');
  await desk.id('reach-walk').click();
  await desk.page.locator('[data-testid=reach]:not([data-cells="0"])').waitFor();
  await picture('console-assigned', desk);
  await desk.id('reach-off').click();
  await desk.find('reach', { cells: 0 }).waitFor();
  await desk.page.keyboard.press('v');
  await desk.find('places', { shown: 'true' }).waitFor();
  await desk.id('looking').waitFor();
  await soon(async () => assert.equal(await shows(), true, 'a press shows no place'));
  await picture('console-revealed', desk);
  await desk.page.keyboard.press('v');
  await desk.find('places', { shown: 'false' }).waitFor();
  await soon(async () => assert.equal(await shows(), false, 'the place stayed after it was hidden'));
  await desk.row(asked).click();
  step('the console shows places when asked to');
}

async function alarm() {
  await one.holdSos();
  await one.sosReaches('sent');
  const card = desk.find('alarm', { acknowledged: 'false' });
  await card.waitFor();
  await desk.page.locator('.desk.ringing').waitFor();
  step('the console rings');
  await picture('console-alarm', desk);
  await desk.id('acknowledge').first().click();
  await desk.find('alarm', { acknowledged: 'true' }).waitFor();
  await desk.page.locator('.desk:not(.ringing)').waitFor();
  await one.sosReaches('taken');
  step('someone has taken the alarm, and the caller knows');
}

async function oneCancel() {
  await rider.switchLanguage();
  await soon(async () => assert.equal(await rider.page.evaluate(() => document.documentElement.lang), 'en'));
  await pinMoves();
  await rider.bookNow(FROM, TO);
  await rider.page.locator('[data-testid=trip-phase][data-phase=offered]').waitFor();
  const asked = await rider.trip();
  await Promise.all(staff.map((page) => page.id('offer-card').waitFor()));
  // Taken back, it is as if it had not been asked; the button is there again.
  await rider.cancel();
  await rider.find('undo', { what: 'cancel' }).waitFor();
  await picture('rider-undo', rider);
  await rider.id('undo-back').click();
  await rider.id('cancel').waitFor();
  await rider.cancel();
  await rider.id('undo-now').click();
  await rider.reaches('cancelled');
  await desk.row(asked, 'cancelled').waitFor();
  await Promise.all(staff.map((page) => page.id('waiting').waitFor()));
  step('a second trip, in English, was called off and left the phones');
}

/** The pin follows the mouse and the arrow keys, and the place is then no longer the station's. */
async function pinMoves() {
  await rider.id('when-now').click();
  const chosen = rider.page.locator('[data-testid=place][aria-pressed=true]');
  const search = () => rider.findPlace('pickup', FROM);
  await search();
  await chosen.waitFor();
  const stood = await rider.pin();
  await rider.dragPin(60, 30);
  await chosen.waitFor({ state: 'detached' });
  await soon(async () => {
    const dragged = await rider.pin();
    assert.ok(Math.abs(dragged.x - stood.x - 60) < 4 && Math.abs(dragged.y - stood.y - 30) < 4, 'the pin is not where it was put down');
  });
  await search();
  await chosen.waitFor();
  await rider.id('pin').focus();
  const before = await rider.pin();
  await rider.page.keyboard.press('Shift+ArrowRight');
  await chosen.waitFor({ state: 'detached' });
  await soon(async () => assert.ok((await rider.pin()).x > before.x + 20, 'an arrow key did not move the pin'));
  await picture('book-pickup-pin', rider);
  await rider.id('step-back').click();
  step('a place can be chosen by dragging and by keyboard');
}

async function nothingForbidden() {
  const tokens = [];
  for (const page of everyone) {
    watch.faults.push(...(await page.policyViolations()).map((what) => `${page.who}: policy: ${what}`));
    tokens.push(...(await page.page.evaluate(() => Object.values({ ...sessionStorage, ...localStorage }))).filter((value) => value.length > 20));
  }
  assert.ok(tokens.length >= everyone.length, 'the pages keep their tokens where this test does not look');
  for (const url of watch.urls) {
    for (const token of tokens) assert.ok(!url.includes(token), 'a token was in an address');
    assert.ok(!/[?&](token|ticket|code)=/i.test(url), `a secret's name is in an address: ${url}`);
    const read = decodeURIComponent(url);
    for (const secret of [...secrets, ...codes]) assert.ok(!read.includes(secret), `"${secret}" was in an address`);
  }
  assert.deepEqual(watch.faults, []);
  assert.ok(watch.urls.some((url) => url.includes('/tiles/')), 'no map was ever drawn');
  step(`${watch.urls.length} requests, none off the host, no error, no secret in an address`);
}
