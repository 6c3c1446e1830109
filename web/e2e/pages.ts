// Owns how a browser test speaks to the three pages: one class per page, by test ids only. Asserts nothing; a test does.
// Waits are for states the page shows, never for time, except the hold of the SOS button, which is a time.
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** The SOS button's hold, with room for a busy machine. */
const HOLD_MS = 1_200;

/** Debian's Chromium draws WebGL in software; maps need seconds, so tests should wait for states, not for pictures. */
export function launch(executablePath = '/usr/bin/chromium'): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** Notes everything a page asked for outside its own host, and everything its policy refused. */
export function watchOutside(context: BrowserContext, base: string): string[] {
  const seen: string[] = [];
  context.on('request', (request) => {
    if (!request.url().startsWith(base) && !/^(blob|data):/.test(request.url())) seen.push(request.url());
  });
  context.on('console', (message) => { if (/Content Security Policy/i.test(message.text())) seen.push(message.text()); });
  return seen;
}

class AnyPage {
  constructor(readonly page: Page, private readonly base: string, private readonly path: string) {}
  id(testId: string) { return this.page.getByTestId(testId); }
  async signIn(code: string): Promise<void> {
    await this.page.goto(this.base + this.path);
    await this.id('code-input').fill(code);
    await this.id('sign-in').click();
  }
  /** Waits until the trip on the screen is in `phase`. */
  async reaches(phase: string): Promise<void> {
    await this.page.locator(`[data-testid=trip-phase][data-phase=${phase}]`).waitFor();
  }
  async holdSos(): Promise<void> {
    const button = this.id('sos');
    await button.scrollIntoViewIfNeeded();
    await button.dispatchEvent('pointerdown');
    await this.page.waitForTimeout(HOLD_MS);
    await button.dispatchEvent('pointerup').catch(() => {});
  }
  async sosReaches(state: 'sent' | 'taken'): Promise<void> {
    await this.page.locator(`[data-testid=sos-state][data-state=${state}]`).waitFor();
  }
}

export class RiderPage extends AnyPage {
  constructor(page: Page, base: string) { super(page, base, '/book'); }
  async bookNow(from: string, to: string): Promise<void> {
    await this.id('when-now').click();
    await this.choose('pickup', from);
    await this.choose('dropoff', to);
    await this.id('book-submit').click();
  }
  private async choose(role: 'pickup' | 'dropoff', words: string): Promise<void> {
    await this.id(`${role}-search`).fill(words);
    await this.id('place').first().click();
    await this.id(`${role}-next`).click();
  }
}

export class StaffPage extends AnyPage {
  constructor(page: Page, base: string) { super(page, base, '/staff'); }
  async startShift(demo: boolean): Promise<void> {
    await this.id('shift-start').click();
    if (demo) await this.id('demo-walk').check();
  }
  async accept(): Promise<void> { await this.id('accept').click(); }
  /** Taps the one next action once it is the expected one. */
  async tap(to: string): Promise<void> { await this.page.locator(`[data-testid=next-action][data-to=${to}]:enabled`).click(); }
}

export class ConsolePage extends AnyPage {
  constructor(page: Page, base: string) { super(page, base, '/console'); }
  row(trip: string) { return this.page.locator(`[data-testid=trip-row][data-trip="${trip}"]`); }
  async assign(trip: string, numbers: number[]): Promise<void> {
    await this.row(trip).click();
    for (const no of numbers) await this.page.locator(`[data-testid=candidate][data-no="${no}"]`).check();
    await this.id('assign-submit').click();
  }
  async acknowledge(): Promise<void> { await this.id('acknowledge').first().click(); }
}
