// Owns the second card of a staff phone, in real browsers against a real server: two with a rider are asked for what follows, say
// yes, see it below the trip they are on, finish that one and go on. Speaks to the pages only, and stands where the browser is told
// that it is. Prints each step; any broken expectation ends it with a non-zero status.
// usage: node next.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE RIDER2_CODE [SCREENSHOT_DIR]
import assert from 'node:assert/strict';
import { openBrowser, play, RiderPage, soon, StaffPage, Watch } from './pages.mjs';

const [base, riderCode, staffCode, staff2Code, , rider2Code, pictures] = process.argv.slice(2);
assert.ok(rider2Code, 'usage: next.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE RIDER2_CODE [SCREENSHOT_DIR]');
const chromium = process.env.DONGHAENG_CHROMIUM ?? '/usr/bin/chromium';
const PHONE = { width: 360, height: 740 };
const [FROM, TO] = ['City Hall', 'Anguk'];

const begun = Date.now();
const step = (what) => console.log(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${what}`);
const watch = new Watch(base);
const browsers = await Promise.all([PHONE, PHONE, PHONE, PHONE].map((size) => openBrowser(chromium, size)));
const [rider, other, one, two] = await Promise.all([
  RiderPage.open(browsers[0].context, base, watch, 'rider'),
  RiderPage.open(browsers[1].context, base, watch, 'rider two'),
  StaffPage.open(browsers[2].context, base, watch, 'staff one'),
  StaffPage.open(browsers[3].context, base, watch, 'staff two'),
]);
const staff = [one, two];
const everyone = [rider, other, one, two];
/** The page as it is, in Korean and in English; no wider than the screen in either. */
const picture = async (name, page) => {
  for (const language of ['', '-en']) {
    const width = await page.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.width, `${page.who} is ${width} px wide on a ${PHONE.width} px screen: ${name}${language}`);
    if (pictures) await page.page.screenshot({ path: `${pictures}/${name}${language}.png`, fullPage: true });
    await page.switchLanguage();
  }
};

await play(async () => {
  const near = await signInAll();
  const present = await underWay();
  const next = await askedForWhatFollows(near, present);
  await goOn(near, present, next);
  for (const page of everyone) watch.faults.push(...(await page.policyViolations()));
  assert.deepEqual(watch.faults, []);
  step('all of it holds');
}, everyone, browsers, watch, pictures);

/** Everybody is in, the crew on shift where the first trip will end; the station that the second rider will wait at. */
async function signInAll() {
  await Promise.all(everyone.map((page, i) => page.signIn([riderCode, rider2Code, staffCode, staff2Code][i])));
  const map = await rider.page.evaluate(() => fetch('/v1/map').then((answer) => answer.json()));
  const goal = map.stations.find((station) => station.name_en === TO) ?? assert.fail(`the map has no ${TO}`);
  const far = (at) => Math.hypot((at.lat - goal.lat) * 111_195, (at.lon - goal.lon) * 88_100);
  const [near] = map.stations.filter((at) => far(at) > 200 && at.name_en !== FROM).sort((a, b) => far(a) - far(b));
  for (const page of staff) {
    const context = page.page.context();
    await context.grantPermissions(['geolocation'], { origin: base });
    // A phone in a hand is never quite still; one that does not move at all is not heard of again.
    let nth = 0;
    const stand = () => context.setGeolocation({ latitude: goal.lat + (nth++ % 2) * 1e-5, longitude: goal.lon, accuracy: 8 });
    await stand();
    setInterval(() => void stand().catch(() => {}), 3_000).unref();
    await page.id('shift-start').click();
    await page.id('waiting').waitFor();
  }
  step(`the crew is on shift at ${TO}; somebody will wait at ${near.name_en}, ${far(near).toFixed(0)} m away`);
  return near;
}

/** The first trip, up to the end of its way. */
async function underWay() {
  await rider.bookNow(FROM, TO);
  for (const page of staff) await page.id('offer-card').waitFor();
  for (const page of staff) await page.accept();
  await rider.reaches('assigned');
  for (const to of ['en_route', 'arrived']) {
    await Promise.all(staff.map((page) => page.tap(to)));
    await Promise.all([rider, ...staff].map((page) => page.reaches(to)));
  }
  for (const to of ['met', 'escorting']) {
    await one.tap(to);
    await Promise.all([rider, ...staff].map((page) => page.reaches(to)));
  }
  const present = await rider.trip();
  step('a rider is with the crew');
  return present;
}

async function askedForWhatFollows(near, present) {
  await other.bookNow(near.name_en, FROM);
  await Promise.all(staff.map((page) => page.find('offer-card', { state: 'open' }).waitFor()));
  for (const page of staff) {
    assert.equal(await page.trip(), present, `${page.who} no longer sees the present trip`);
    assert.ok(await page.find('next-action', { to: 'completed' }).isVisible(), `${page.who} has no next action beside the offer`);
  }
  if (pictures) await one.page.screenshot({ path: `${pictures}/staff-next-below.png` });
  // It lies below the screen of a phone; what says so stays in sight and leads there.
  await Promise.all(staff.map(async (page) => {
    await page.id('offer-below').click();
    await page.page.waitForFunction(() => {
      const { top, bottom } = document.querySelector('[data-testid=accept]').getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
  }));
  if (pictures) await one.page.screenshot({ path: `${pictures}/staff-next-offer.png`, fullPage: true });
  await Promise.all([one.accept(), two.accept()]);
  await Promise.all([other.reaches('assigned'), ...staff.map((page) => page.id('next').waitFor())]);
  const next = await other.trip();
  step('both have said yes to what follows');
  for (const page of staff) {
    assert.equal(await page.id('next').getAttribute('data-trip'), next);
    assert.equal(await page.trip(), present);
    await page.id('offer-card').waitFor({ state: 'detached' });
    const all = await page.everything();
    for (const digits of [near.lat.toFixed(4), near.lon.toFixed(4)]) assert.ok(!all.includes(digits), `${page.who} knows where the next rider waits`);
  }
  await other.id('finishing').first().waitFor();
  await picture('staff-next', one);
  await picture('rider-finishing', other);
  return next;
}

async function goOn(near, present, next) {
  await one.tap('completed');
  await rider.reaches('completed');
  for (const page of staff) {
    await page.find('trip-phase', { trip: next, phase: 'assigned' }).waitFor();
    await page.id('next').waitFor({ state: 'detached' });
    await soon(async () => {
      const all = await page.everything();
      assert.ok(all.includes(near.name), `${page.who} does not see the meeting point that is theirs now`);
      assert.ok(!all.includes(present), `${page.who} still knows the trip that has ended`);
    });
  }
  await other.id('finishing').first().waitFor({ state: 'detached' });
  await picture('staff-gone-on', two);
  await Promise.all(staff.map((page) => page.tap('en_route')));
  await Promise.all([other, ...staff].map((page) => page.reaches('en_route')));
  step('the first trip has ended, and they are on the way to the second rider');
}
