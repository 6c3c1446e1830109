// Owns what supervisors see of travel times, in a real browser against a real server that has learnt from finished ways: the table by
// road and hour, how right it is, what is closed and until when; by keyboard, in both languages, for a company as for the centre.
// usage: node travel.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]
import assert from 'node:assert/strict';
import { ConsolePage, openBrowser, play, REWEIGHED_MS_MAX, soon, Watch } from './pages.mjs';

const [base, , , , supervisorCode, adminToken, pictures] = process.argv.slice(2);
assert.ok(adminToken, 'usage: travel.mjs URL RIDER_CODE STAFF_CODE STAFF2_CODE SUPERVISOR_CODE ADMIN_TOKEN [SCREENSHOT_DIR]');
const chromium = process.env.DONGHAENG_CHROMIUM ?? '/usr/bin/chromium';
const DESK = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };

const watch = new Watch(base);
const browsers = await Promise.all([openBrowser(chromium, DESK), openBrowser(chromium, DESK)]);
const [centre, company] = await Promise.all([
  ConsolePage.open(browsers[0].context, base, watch, 'centre'),
  ConsolePage.open(browsers[1].context, base, watch, 'company'),
]);
const picture = async (name, page) => {
  if (!pictures) return;
  await page.page.waitForTimeout(800);
  await page.page.screenshot({ path: `${pictures}/${name}.png` });
};

async function asAdmin(path, body) {
  const answer = await fetch(`${base}/v1/admin/${path}`, {
    method: 'POST', headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}
const focused = () => centre.page.evaluate(() => document.activeElement?.dataset.testid);
const cell = (page, road, hour) => page.page.locator(`[data-testid=heat] tr[data-road=${road}] td`).nth(hour);

await play(async () => {
  const until = new Date(Date.now() + 2 * 3_600_000).toISOString();
  const around = { at: { lat: 37.5663, lon: 126.9779 }, radius_m: 60 };
  await asAdmin('conditions', { closed: true, around, modes: ['walk', 'drive'], until });
  await asAdmin('conditions', { factor: 1.5, class: 'primary', modes: ['drive'] });
  const agency = (await asAdmin('agencies', { name: '다른경호', kind: 'company' })).id;
  const { code } = await asAdmin('supervisors', { agency, name: '당직' });
  await Promise.all([centre.signIn(supervisorCode), company.signIn(code)]);
  await Promise.all([centre, company].map((page) => page.find('live-map', { ready: 'true' }).waitFor()));

  // By keyboard alone: opened, read, another way of travelling, closed, and back where it was opened.
  await centre.id('travel-open').focus();
  await centre.page.keyboard.press('t');
  await centre.id('heat').waitFor();
  await centre.page.locator('[data-testid=conditions] li[data-in-force=true]').nth(1).waitFor({ timeout: REWEIGHED_MS_MAX });
  await soon(async () => assert.equal(await focused(), 'travel'));
  await soon(async () => assert.equal(await centre.id('travel-source').getAttribute('data-source'), 'calibrated'));
  assert.match(await centre.id('travel-coverage').innerText(), /\d+%/);
  assert.deepEqual(
    await centre.page.locator('[data-testid=heat] tr[data-road]').evaluateAll((rows) => rows.map((row) => row.querySelectorAll('td').length)),
    [24, 24, 24, 24, 24], 'every hour of every class of road that is walked',
  );
  assert.equal(await cell(centre, 'residential', 8).getAttribute('data-legs'), '20');
  assert.ok(Number((await cell(centre, 'residential', 8).innerText()).split('\n')[0]) > 1.3, 'slower than on empty streets');
  assert.match(await cell(centre, 'residential', 8).getAttribute('title'), /골목 8시: 빈 길의 [\d.]+배, 이 도로를 지난 길 20건/);
  await picture('travel-walk', centre);
  // Past closing, the form, what can be done with the two that are said, and the first two ways of travelling.
  for (let presses = 0; presses < 8; presses++) await centre.page.keyboard.press('Tab');
  await centre.page.keyboard.press('Enter');
  await soon(async () => assert.equal(await centre.id('travel-source').getAttribute('data-source'), 'road', 'nobody has gone by car or subway'));
  await picture('travel-unlearnt', centre);
  const said = centre.page.locator('[data-testid=conditions] li');
  await soon(async () => assert.equal(await said.count(), 2));
  await centre.page.keyboard.press('Escape');
  await centre.id('travel').waitFor({ state: 'detached' });
  await soon(async () => assert.equal(await focused(), 'travel-open'));

  // A company's supervisor, in English: complete, and what is closed until when.
  await company.switchLanguage();
  await company.id('travel-open').click();
  await company.page.locator('[data-testid=conditions] li[data-in-force=true]').nth(1).waitFor({ timeout: REWEIGHED_MS_MAX });
  const closed = company.page.locator('[data-testid=conditions] li').first();
  assert.match(await closed.innerText(), /Closed near .*, a point and 60 m around it · On foot, By car · until .*\d\d:\d\d in force/);
  assert.match(await company.page.locator('[data-testid=conditions] li').nth(1).innerText(), /Takes 1.5 times as long Main road · By car · until taken back/);
  assert.doesNotMatch(await company.id('travel').innerText(), /[가-힣]/);
  await picture('travel-company-en', company);
  if (pictures) {
    await company.page.setViewportSize(PHONE);
    await picture('travel-phone-en', company);
  }
  await company.id('travel-close').click();
  await company.id('travel').waitFor({ state: 'detached' });
  assert.deepEqual(watch.faults, []);
  console.log('all of it holds');
}, [centre, company], browsers, watch, pictures);
