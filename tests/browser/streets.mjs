// Owns how the centre says that streets are closed or slow, in a real browser against a real server: around a point and along a street
// chosen on the map, once whatever is pressed, shown in the list and on the map, and ended after a second look. A company's has no form.
// usage: node streets.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]
import assert from 'node:assert/strict';
import { ConsolePage, openBrowser, play, REWEIGHED_MS_MAX, soon, Watch } from './pages.mjs';

const [base, , , , supervisorCode, adminToken, pictures] = process.argv.slice(2);
assert.ok(adminToken, 'usage: streets.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]');
const chromium = process.env.DONGHAENG_CHROMIUM ?? '/usr/bin/chromium';
const DESK = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };

const watch = new Watch(base);
const browsers = await Promise.all([openBrowser(chromium, DESK), openBrowser(chromium, DESK)]);
const [centre, company] = await Promise.all([
  ConsolePage.open(browsers[0].context, base, watch, 'centre'),
  ConsolePage.open(browsers[1].context, base, watch, 'company'),
]);
/** Counts pixels; nothing of the service. */
const counter = await browsers[1].context.newPage();
const picture = async (name, page) => {
  if (!pictures) return;
  await page.page.waitForTimeout(800);
  await page.page.screenshot({ path: `${pictures}/${name}.png` });
};

async function asAdmin(method, path, body) {
  const answer = await fetch(`${base}/v1/admin/${path}`, {
    method, headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' }, ...(body && { body: JSON.stringify(body) }),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}
const onRecord = async () => (await asAdmin('GET', 'conditions')).conditions;
const focused = () => centre.page.evaluate(() => document.activeElement?.dataset.testid);
/** What a press sent, as it went out. */
const sent = [];
centre.page.on('request', (request) => { if (request.method() === 'POST' && request.url().endsWith('/v1/admin/conditions')) sent.push(request.postDataJSON()); });

/** Reddish and amber pixels of the map. */
async function painted() {
  const png = (await centre.id('live-map').screenshot()).toString('base64');
  return counter.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, image.width, image.height).data;
    let [red, amber] = [0, 0];
    for (let i = 0; i < pixels.length; i += 4) {
      const [r, g, b] = pixels.slice(i, i + 3);
      if (r > 150 && g < 90 && b < 90) red++;
      else if (r > 190 && g > 95 && g < 150 && b < 60) amber++;
    }
    return { red, amber };
  }, png);
}
/** Waits until the map shows it. */
const shows = (what, holds) => soon(async () => {
  const seen = await painted();
  assert.ok(holds(seen), `the map does not show ${what}: ${JSON.stringify(seen)}`);
});
/** Clicks the map so far from its middle. */
async function clickMap(right, down) {
  const { x, y, width, height } = await centre.id('live-map').boundingBox();
  await centre.page.mouse.click(x + width / 2 + right, y + height / 2 + down);
}
const rows = (page) => page.page.locator('[data-testid=conditions] li');

/** A company reads what is said, and has nothing to say it with. */
async function onlyReads(count) {
  // The first press of a page counts, though the button for the sound goes with it.
  await company.page.reload();
  await company.find('live-map', { ready: 'true' }).waitFor();
  await company.id('sound-on').waitFor();
  await company.id('travel-open').click();
  await company.id('heat').waitFor();
  await soon(async () => assert.deepEqual(
    [await rows(company).count(), await company.id('streets-open').count(), await company.id('condition-end').count(), await company.id('condition-show').count()],
    [count, 0, 0, count],
  ));
  await company.id('travel-close').click();
  await company.id('travel').waitFor({ state: 'detached' });
}

async function closesAroundAPoint() {
  await centre.id('travel-open').click();
  await centre.id('streets-open').click();
  await centre.page.locator('.aim').waitFor();
  assert.match(await centre.id('streets-missing').innerText(), /지점을 고르세요/);
  assert.equal(await centre.id('streets-say').isEnabled(), false);
  await clickMap(0, 0);
  await centre.find('streets-at', { chosen: 'true' }).waitFor();
  await centre.id('streets-radius').fill('200');
  await centre.id('streets-until').selectOption('today');
  await centre.id('streets-time').fill('00:00');
  await centre.id('streets-say').click();
  await centre.id('streets-refused').waitFor();
  assert.match(await centre.id('streets-refused').innerText(), /지난 시각입니다\. \(끝\)/);
  assert.deepEqual(
    [await centre.id('streets-radius').inputValue(), await centre.id('streets-time').inputValue(), await centre.id('streets-at').getAttribute('data-chosen')],
    ['200', '00:00', 'true'], 'a refusal takes nothing away',
  );
  await picture('streets-form', centre);
  // Put away by a key and taken up again as it was; the view under it stays.
  await centre.id('streets-say').focus();
  await centre.page.keyboard.press('Escape');
  await centre.id('street-form').waitFor({ state: 'detached' });
  await soon(async () => assert.equal(await focused(), 'streets-open'));
  await centre.page.keyboard.press('Enter');
  assert.equal(await centre.id('streets-radius').inputValue(), '200');
  await centre.id('streets-until').selectOption('told');
  await centre.id('streets-say').dblclick();
  await centre.page.locator('[data-testid=conditions] li[data-in-force=true]').waitFor({ timeout: REWEIGHED_MS_MAX });
  await soon(async () => assert.match(await rows(centre).innerText(), /× 막힘 .*한 지점, 반경 200 m · 걸어서, 차로, 자전거로 · 거둘 때까지 지금 적용/));
  assert.match(await centre.id('streets-said').innerText(), /기록했습니다/);
  const [listed, ...more] = await onRecord();
  assert.deepEqual([more.length, sent.length, listed.closed, listed.around.radius_m], [0, 2, true, 200], 'refused once, said once');
  await shows('what is closed', ({ red }) => red > 2_000);
}

async function slowsAlongAStreet() {
  await centre.id('streets-open').click();
  await centre.id('streets-what').selectOption('2');
  await centre.id('streets-where').selectOption('along');
  await centre.page.locator('.aim').waitFor();
  // The middle of the map, by keyboard: the view went to what was chosen before.
  await centre.id('streets-middle').focus();
  await centre.page.keyboard.press('Enter');
  await centre.find('streets-from', { chosen: 'true' }).waitFor();
  await clickMap(90, 0);
  await centre.find('streets-to', { chosen: 'true' }).waitFor();
  assert.equal(await centre.id('streets-both').isChecked(), true, 'who closes a street means both carriageways');
  await picture('streets-form-along', centre);
  await centre.id('streets-walk').uncheck();
  await centre.id('streets-cycle').uncheck();
  await centre.id('streets-until').selectOption('tomorrow');
  await centre.id('streets-time').fill('23:30');
  await centre.id('streets-by-hours').check();
  await centre.id('streets-hours-from').selectOption('0');
  await centre.id('streets-hours-to').selectOption('24');
  await centre.switchLanguage();
  await soon(async () => assert.doesNotMatch(await centre.id('travel').innerText(), /[가-힣]/));
  await picture('streets-form-en', centre);
  await centre.id('streets-say').click();
  await centre.id('streets-said').waitFor();
  await rows(centre).nth(1).waitFor();
  await centre.page.locator('[data-testid=conditions] li[data-in-force=true]').nth(1).waitFor({ timeout: REWEIGHED_MS_MAX });
  await soon(async () => assert.match(await rows(centre).first().innerText(), /▲ Takes 2 times as long near .*, a stretch of one street, the other carriageway too · By car · daily 0:00–24:00 · until .*23:30 in force/));
  const [first, second] = sent.slice(-2);
  const apart = (a, b) => Math.hypot(a.lat - b.lat, (a.lon - b.lon) * 0.8) * 111_320;
  assert.ok(apart(first.around.at, second.along.from) < 5, 'a click in the middle of the map is its middle');
  assert.ok(apart(second.along.from, second.along.to) > 50 && second.along.to.lon > second.along.from.lon, 'the other end is where it was clicked');
  assert.equal(second.along.both_carriageways, true);
  await shows('what is slow', ({ amber }) => amber > 300);
  await picture('streets-listed-en', centre);
  await centre.switchLanguage();
}

async function endsAfterASecondLook() {
  const closed = centre.page.locator('[data-testid=conditions] li', { hasText: '막힘' });
  await closed.getByTestId('condition-end').click();
  assert.match(await centre.page.getByRole('alertdialog').innerText(), /끝낼까요\? × 막힘 · .*200 m/);
  await picture('streets-end', centre);
  await centre.page.keyboard.press('Enter');
  await soon(async () => assert.equal(await focused(), 'condition-end', 'the harmless answer had the focus'));
  assert.equal((await onRecord()).length, 2);
  await closed.getByTestId('condition-end').click();
  await centre.id('confirm-yes').click();
  await closed.waitFor({ state: 'detached' });
  assert.deepEqual((await onRecord()).map(({ factor, along }) => [factor, along.both_carriageways]), [[2, true]]);
  await shows('what is open again', ({ red }) => red < 100);
}

await play(async () => {
  const agency = (await asAdmin('POST', 'agencies', { name: '다른경호', kind: 'company' })).id;
  const { code } = await asAdmin('POST', 'supervisors', { agency, name: '당직' });
  await Promise.all([centre.signIn(supervisorCode), company.signIn(code)]);
  await Promise.all([centre, company].map((page) => page.find('live-map', { ready: 'true' }).waitFor()));
  await centre.look();
  await closesAroundAPoint();
  await slowsAlongAStreet();
  await onlyReads(2);
  await endsAfterASecondLook();
  if (pictures) {
    await centre.id('streets-open').click();
    await centre.page.setViewportSize(PHONE);
    await picture('streets-phone', centre);
  }
  await centre.id('travel-close').click();
  await centre.id('travel').waitFor({ state: 'detached' });
  await shows('nothing once the panel is closed', ({ amber }) => amber < 50);
  assert.deepEqual(watch.urls.filter((url) => /\d\.\d{3}/.test(url.replace(/^\w+:\/\/[^/]+/, ''))), [], 'no place in an address');
  assert.deepEqual(await Promise.all([centre.policyViolations(), company.policyViolations()]), [[], []]);
  assert.deepEqual(watch.faults.filter((fault) => !fault.includes('422')), []);
  console.log('all of it holds');
}, [centre, company], browsers, watch, pictures);
