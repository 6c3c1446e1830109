// Owns how a browser test speaks to the three pages: one class per page, by test ids and data attributes only. Asserts nothing
// about a trip. Waits are for states the page shows, never for time, except the hold of the SOS button, which is a time.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');

/** The SOS button's hold, with room for a busy machine. */
const HOLD_MS = 1_500;
/** How long a state may take to show on a busy machine with a map drawn in software. */
const STATE_MS_MAX = 60_000;
/** How long new travel times may take: they are for a thread that gives way to all others. */
export const REWEIGHED_MS_MAX = 180_000;

/** Without these a browser looks for its vendor's hosts at every start. */
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader',
];

/** A page draws its parts in turn, and moves the focus when it has: waits until all that is asserted of it holds. */
export async function soon(asserted) {
  const begun = Date.now();
  for (;;) {
    try {
      return await asserted();
    } catch (error) {
      if (Date.now() - begun > STATE_MS_MAX) throw error;
    }
    await new Promise((done) => { setTimeout(done, 100); });
  }
}

/** A browser process of its own, with an empty profile. `stop` ends it and removes the profile. */
export async function openBrowser(executablePath, viewport, locale = 'ko-KR') {
  const profile = mkdtempSync(join(tmpdir(), 'donghaeng-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath, args: ARGS, headless: true, viewport, locale, serviceWorkers: 'block',
  });
  context.setDefaultTimeout(STATE_MS_MAX);
  const stop = async () => { await context.close().catch(() => {}); rmSync(profile, { recursive: true, force: true, maxRetries: 5 }); };
  return { context, stop };
}

/** What no page may do: speak to another host, log an error, break its policy, or put a secret into an address. */
export class Watch {
  faults = [];
  urls = [];
  constructor(base) { this.host = new URL(base).host; }
  page(page, who) {
    const asked = (url) => {
      this.urls.push(url);
      if (/^(blob|data|about):/.test(url)) return;
      if (new URL(url).host !== this.host) this.faults.push(`${who}: asked another host: ${url}`);
    };
    page.on('request', (request) => asked(request.url()));
    page.on('websocket', (socket) => asked(socket.url()));
    page.on('pageerror', (error) => this.faults.push(`${who}: threw: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(`${who}: console error: ${message.text()}`);
    });
    return page.addInitScript(() => {
      globalThis.policyViolations = [];
      document.addEventListener('securitypolicyviolation', (event) => globalThis.policyViolations.push(`${event.violatedDirective}: ${event.blockedURI}`));
    });
  }
}

class AnyPage {
  constructor(page, base, path, who) { Object.assign(this, { page, base, path, who }); }
  static async open(context, base, watch, who) {
    const page = await context.newPage();
    await watch.page(page, who);
    return new this(page, base, who);
  }
  id(testId) { return this.page.getByTestId(testId); }
  find(testId, attributes = {}) {
    const filter = Object.entries(attributes).map(([name, value]) => `[data-${name}="${value}"]`).join('');
    return this.page.locator(`[data-testid="${testId}"]${filter}`);
  }
  async signIn(code) {
    await this.page.goto(this.base + this.path);
    await this.id('code-input').fill(code);
    await this.id('sign-in').click();
    await this.id('code-input').waitFor({ state: 'detached' });
  }
  /** Waits until the trip on the screen is in `phase`. */
  reaches(phase) { return this.find('trip-phase', { phase }).waitFor(); }
  trip() { return this.id('trip-phase').getAttribute('data-trip'); }
  async holdSos() {
    const button = this.id('sos');
    await button.dispatchEvent('pointerdown');
    await this.page.waitForTimeout(HOLD_MS);
  }
  sosReaches(state) { return this.find('sos-state', { state }).waitFor(); }
  async switchLanguage() {
    const before = await this.id('lang-switch').getAttribute('lang');
    await this.id('lang-switch').click();
    await this.page.locator(`[data-testid=lang-switch]:not([lang="${before}"])`).waitFor();
  }
  /** Everything the page shows or keeps: its document, its storage. */
  everything() {
    return this.page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }));
  }
  policyViolations() { return this.page.evaluate(() => globalThis.policyViolations); }
  /** A hidden tab of the same window is slowed down; a phone in a hand is not. */
  look() { return this.page.bringToFront(); }
}

export class RiderPage extends AnyPage {
  constructor(page, base, who) { super(page, base, '/book', who); }
  /** `look` is called with a name at each step of asking. */
  async bookNow(from, to, look = async () => {}) {
    await look('book-when');
    await this.id('when-now').click();
    await this.choose('pickup', from, look);
    await this.choose('dropoff', to, look);
    await look('book-check');
    await this.id('book-submit').click();
  }
  async choose(role, words, look) {
    await this.findPlace(role, words);
    await look(`book-${role}`);
    await this.id(`${role}-next`).click();
  }
  async findPlace(role, words) {
    await this.id(`${role}-search`).fill(words);
    await this.id('place').first().click();
  }
  /** Where the pin stands on the screen. */
  async pin() {
    const pin = this.id('pin');
    await pin.scrollIntoViewIfNeeded();
    // The view may still be moving to the place.
    let before = null;
    for (;;) {
      const { x, y } = await pin.boundingBox();
      if (before?.x === x && before?.y === y) return { x, y };
      before = { x, y };
      await this.page.waitForTimeout(100);
    }
  }
  async dragPin(right, down) {
    const { x, y } = await this.pin();
    await this.page.mouse.move(x + 24, y + 20);
    await this.page.mouse.down();
    await this.page.mouse.move(x + 24 + right / 2, y + 20 + down / 2);
    await this.page.mouse.move(x + 24 + right, y + 20 + down);
    await this.page.mouse.up();
  }
  async cancel() {
    await this.id('cancel').click();
    await this.id('confirm-yes').click();
  }
}

export class StaffPage extends AnyPage {
  constructor(page, base, who) { super(page, base, '/staff', who); }
  async startShift() {
    // Beside a fleet the visitor's crew has begun it already.
    await this.page.locator('[data-testid=shift-start], [data-testid=shift-end]').first().waitFor();
    if (await this.id('shift-start').count()) await this.id('shift-start').click();
    await this.id('demo-walk').check();
    await this.id('waiting').waitFor();
  }
  accept() { return this.id('accept').click(); }
  /** Taps the one next action once it is the expected one; the last one is sent without its wait. */
  async tap(to) {
    await this.page.locator(`[data-testid=next-action][data-to=${to}]:enabled`).click();
    if (to === 'completed') await this.id('undo-now').click();
  }
}

export class ConsolePage extends AnyPage {
  constructor(page, base, who) { super(page, base, '/console', who); }
  row(trip, phase) { return this.find('trip-row', phase ? { trip, phase } : { trip }); }
}

/** Plays the scenes one after the other; a failure is told with what every page shows, and the browsers are ended either way. */
export async function play(scenes, everyone, browsers, watch, pictures) {
  try {
    await scenes();
  } catch (error) {
    console.error(error.stack);
    for (const page of everyone) {
      console.error(`--- ${page.who}: ${await page.page.locator('body').innerText({ timeout: 2_000 }).catch(() => 'no answer')}`);
      if (pictures) await page.page.screenshot({ path: `${pictures}/failed-${page.who}.png` }).catch(() => {});
    }
    for (const fault of watch.faults) console.error(fault);
    process.exitCode = 1;
  } finally {
    await Promise.all(browsers.map(({ stop }) => stop()));
  }
}
