// Owns the token of this page in this tab: sessionStorage only, one entry per page so that several roles can be open in
// several tabs. Never writes anything that outlives the tab.

export type Page = 'book' | 'staff' | 'console';

export class TokenStore {
  constructor(private readonly page: Page, private readonly storage: Storage = sessionStorage) {}
  private get key(): string { return `token.${this.page}`; }
  read(): string | null { return this.storage.getItem(this.key); }
  write(token: string): void { this.storage.setItem(this.key, token); }
  clear(): void { this.storage.removeItem(this.key); }
}
