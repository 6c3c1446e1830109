// Owns how the centre sets a rider's zones to avoid, in a real browser against a real server: drawn on the map before it is saved, counted
// and never shown again, taken back after a second look. And what a crew that is inside sees of it, and the record. A company has no such place.
// usage: node zones.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]
import assert from 'node:assert/strict';
import { ConsolePage, openBrowser, play, RiderPage, soon, StaffPage, Watch } from './pages.mjs';

const [base, riderCode, staffCode, staff2Code, supervisorCode, adminToken, pictures] = process.argv.slice(2);
assert.ok(adminToken, 'usage: zones.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]');
const chromium = process.env.DONGHAENG_CHROMIUM ?? '/usr/bin/chromium';
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1440, height: 900 };
const [FROM, TO] = ['City Hall', 'Anguk'];

const begun = Date.now();
const step = (what) => console.log(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${what}`);
const watch = new Watch(base);
const browsers = await Promise.all([PHONE, PHONE, PHONE, DESK, DESK].map((size) => openBrowser(chromium, size)));
const [rider, one, two, centre, company] = await Promise.all([
  RiderPage.open(browsers[0].context, base, watch, 'rider'),
  StaffPage.open(browsers[1].context, base, watch, 'staff one'),
  StaffPage.open(browsers[2].context, base, watch, 'staff two'),
  ConsolePage.open(browsers[3].context, base, watch, 'centre'),
  ConsolePage.open(browsers[4].context, base, watch, 'company'),
]);
const staff = [one, two];
const everyone = [rider, one, two, centre, company];
/** Counts pixels; nothing of the service. */
const counter = await browsers[4].context.newPage();
const picture = async (name, page) => {
  if (!pictures) return;
  await page.page.waitForTimeout(800);
  await page.page.screenshot({ path: `${pictures}/${name}.png`, fullPage: staff.includes(page) });
};
async function asAdmin(method, path, body) {
  const answer = await fetch(`${base}/v1/admin/${path}`, {
    method, headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}
/** What was sent, as it went out, and all that came back of zones. */
const [sent, came] = [[], []];
centre.page.on('request', (request) => { if (request.method() === 'POST' && request.url().endsWith('/zones')) sent.push(request.postDataJSON()); });
centre.page.on('response', async (response) => { if (response.url().endsWith('/zones')) came.push(await response.text().catch(() => '')); });
const atWork = () => centre.page.evaluate(async () => {
  const token = Object.values({ ...sessionStorage, ...localStorage }).find((value) => value.length > 20);
  return (await (await fetch('/v1/console', { headers: { Authorization: `Bearer ${token}` } })).json()).staff;
});
const focused = () => centre.page.evaluate(() => document.activeElement?.dataset.testid);
async function clickMap(right, down) {
  const { x, y, width, height } = await centre.id('live-map').boundingBox();
  await centre.page.mouse.click(x + width / 2 + right, y + height / 2 + down);
}
/** Purple pixels of the map. */
async function painted() {
  const png = (await centre.id('live-map').screenshot()).toString('base64');
  return counter.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, image.width, image.height).data;
    let purple = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      const [r, g, b] = pixels.slice(i, i + 3);
      if (b > g + 20 && r > g + 8 && b > r) purple++;
    }
    return purple;
  }, png);
}
const shows = (what, holds) => soon(async () => {
  const seen = await painted();
  assert.ok(holds(seen), `the map does not show ${what}: ${seen}`);
});

let trip;
async function together() {
  await Promise.all([rider.signIn(riderCode), one.signIn(staffCode), two.signIn(staff2Code), centre.signIn(supervisorCode)]);
  await Promise.all(staff.map((page) => page.startShift()));
  await centre.find('live-map', { ready: 'true' }).waitFor();
  await centre.page.waitForFunction(() => Number(document.querySelector('[data-testid=count-available]')?.textContent) >= 2);
  await rider.bookNow(FROM, TO);
  trip = await rider.page.locator('[data-testid=trip-phase][data-trip]').getAttribute('data-trip');
  await Promise.all(staff.map((page) => page.find('offer-card', { state: 'open' }).waitFor()));
  await Promise.all(staff.map((page) => page.accept()));
  await Promise.all(staff.map((page) => page.reaches('assigned')));
  for (const to of ['en_route', 'arrived']) {
    await Promise.all(staff.map((page) => page.tap(to)));
    await Promise.all(staff.map((page) => page.reaches(to)));
  }
  await one.tap('met');
  await Promise.all(staff.map((page) => page.reaches('met')));
  step('the crew is with the rider');
}

async function aZoneIsDrawnAndSaved() {
  await centre.look();
  await centre.row(trip).click();
  await centre.id('zones-open').click();
  await centre.find('zones', { count: '0' }).waitFor();
  await centre.id('zone-new').click();
  await centre.page.locator('.aim').waitFor();
  assert.match(await centre.id('zone-missing').innerText(), /지점을 고르세요/);
  assert.equal(await centre.id('zone-save').isEnabled(), false);
  const before = await painted();
  await clickMap(0, 0);
  await centre.find('zone-at', { chosen: 'true' }).waitFor();
  assert.equal(await centre.id('detail').getAttribute('data-trip'), trip, 'the click opened no other trip');
  await shows('the circle', (purple) => purple > before + 2_000);
  for (const wrong of ['9', '5001', 'x']) {
    await centre.id('zone-radius').fill(wrong);
    await soon(async () => assert.match(await centre.id('zone-missing').innerText(), /10~5000 m 사이/));
    assert.deepEqual([await centre.id('zone-save').isEnabled(), await centre.id('zone-radius').inputValue()], [false, wrong]);
  }
  await centre.id('zone-radius').fill('4000');
  await soon(async () => assert.deepEqual([await centre.id('zone-slider').inputValue(), await centre.id('zone-at').getAttribute('data-chosen')], ['4000', 'true']));
  // Put away by a key and taken up again as it was; the trip stays open.
  await centre.id('zone-save').focus();
  await centre.page.keyboard.press('Escape');
  await centre.id('zone-form').waitFor({ state: 'detached' });
  await soon(async () => assert.deepEqual([await focused(), await centre.id('detail').count()], ['zone-new', 1]));
  await shows('nothing while the form is closed', (purple) => purple < before + 500);
  await centre.page.keyboard.press('Enter');
  assert.equal(await centre.id('zone-radius').inputValue(), '4000');
  await shows('the circle again', (purple) => purple > before + 2_000);
  await picture('zones-form', centre);
  await centre.switchLanguage();
  await soon(async () => assert.doesNotMatch(await centre.id('zones').innerText(), /[가-힣]/));
  await picture('zones-form-en', centre);
  await centre.switchLanguage();
  // The answer is lost on the way: what may have got through goes again and is added once.
  let lost = false;
  await centre.page.route('**/zones', async (route) => {
    if (lost || route.request().method() !== 'POST') return route.continue();
    lost = true;
    await route.fetch();
    await route.abort();
  });
  await centre.id('zone-save').click();
  await centre.id('zone-refused').waitFor();
  await centre.find('zones', { count: '1' }).waitFor();
  assert.deepEqual([await centre.id('zone-radius').inputValue(), await centre.id('zone-at').getAttribute('data-chosen')], ['4000', 'true'], 'nothing is lost');
  await centre.id('zone-save').click();
  await centre.id('zone-saved').waitFor();
  await centre.page.unroute('**/zones');
  await centre.find('zones', { count: '1' }).waitFor();
  await soon(async () => assert.match(await centre.id('zones').innerText(), /피할 구역 1곳[\s\S]*반경 4000 m · .*부터/));
  assert.deepEqual([sent.length, sent[0], sent[0].around.radius_m], [2, sent[1], 4000]);
  await shows('it no more once it is saved', (purple) => purple < before + 500);
  await picture('zones-listed', centre);
  step('a zone is saved once, and counted');
}

async function theCrewIsToldAndItIsOnTheRecord() {
  await Promise.all(staff.map((page) => page.id('in-zone').waitFor()));
  // The way is found anew.
  await one.find('way', { zones: 'begins_inside' }).waitFor();
  await one.id('in-zone').filter({ hasText: /^피할 구역 안이나 바로 옆에 있습니다\. 보이는 길로 가세요\.$/ }).waitFor();
  await picture('staff-in-zone', one);
  await one.switchLanguage();
  await soon(async () => assert.match(await one.id('in-zone').innerText(), /In or beside a zone to be avoided/));
  await picture('staff-in-zone-en', one);
  await one.switchLanguage();
  assert.equal(await rider.id('in-zone').count(), 0);
  assert.doesNotMatch(await rider.page.locator('body').innerText(), /구역/);
  // A phone that is taken up while inside learns it too.
  await two.page.reload();
  await two.id('in-zone').waitFor();
  await centre.id('course-open').click();
  await centre.find('course').locator('[data-event=zone_entered]').first().waitFor();
  await soon(async () => assert.match(await centre.find('course').innerText(), /동행인 \d+: 피할 구역 안이나 바로 옆으로 들어감/));
  await centre.find('course').scrollIntoViewIfNeeded();
  await picture('zones-course', centre);
  step('the crew is told, and it is on the record');
}

async function itIsTakenBack() {
  await centre.id('zone-remove').click();
  assert.match(await centre.page.getByRole('alertdialog').innerText(), /거둘까요\? 반경 4000 m/);
  await picture('zones-remove', centre);
  await centre.page.keyboard.press('Enter');
  await soon(async () => assert.equal(await focused(), 'zone-remove', 'the harmless answer had the focus'));
  await centre.find('zones', { count: '1' }).waitFor();
  await centre.id('zone-remove').click();
  await centre.id('confirm-yes').click();
  await centre.find('zones', { count: '0' }).waitFor();
  await Promise.all(staff.map((page) => page.id('in-zone').waitFor({ state: 'detached' })));
  await one.find('way', { zones: 'none' }).waitFor();
  await centre.find('course').locator('[data-event=zone_lifted]').first().waitFor();
  await centre.switchLanguage();
  await soon(async () => assert.doesNotMatch(await centre.find('course').innerText(), /[가-힣]/));
  await centre.find('course').scrollIntoViewIfNeeded();
  await picture('zones-course-en', centre);
  await centre.switchLanguage();
  step('it is taken back, and the phones are told');
}

/** The company whose staff are the crew sees the trip, and neither its zones nor its course. */
async function aCompanyHasNoSuchPlace() {
  const agency = (await atWork()).find(({ trip: on }) => on === trip).agency;
  const { code } = await asAdmin('POST', 'supervisors', { agency, name: '당직' });
  await company.signIn(code);
  await company.look();
  await company.row(trip).click();
  await company.id('detail').waitFor();
  assert.deepEqual([await company.id('zones-open').count(), await company.id('course-open').count()], [0, 0]);
}

await play(async () => {
  await together();
  await aZoneIsDrawnAndSaved();
  await theCrewIsToldAndItIsOnTheRecord();
  await itIsTakenBack();
  await aCompanyHasNoSuchPlace();
  const { lat, lon } = sent[0].around.at;
  // Cut, not rounded: so they begin whatever is told of them.
  const digits = [String(lat).slice(0, 7), String(lon).slice(0, 8)];
  assert.deepEqual(came.filter((text) => digits.some((secret) => text.includes(secret))), [], 'where it is comes back in no answer');
  assert.ok(came.length >= 4);
  assert.deepEqual(watch.urls.filter((url) => /\d\.\d{3}/.test(url.replace(/^\w+:\/\/[^/]+/, ''))), [], 'no place in an address');
  assert.deepEqual(await Promise.all(everyone.map((page) => page.policyViolations())), everyone.map(() => []));
  assert.deepEqual(watch.faults.filter((fault) => !fault.includes('net::ERR_FAILED')), []);
  console.log('all of it holds');
}, everyone, browsers, watch, pictures);
