// Owns the token of a page. A rider's and a staff member's outlive the tab, because a phone closes tabs by itself; a
// supervisor's does not, because a desk is shared. Signing out ends both. A second person on one browser (a demonstration)
// opens the page as `/staff#2` and has an entry of their own.

export type Page = 'book' | 'staff' | 'console';

export class TokenStore {
  private readonly key: string;

  constructor(page: Page, private readonly storage: Storage = page === 'console' ? sessionStorage : localStorage, hash = location.hash) {
    this.key = `token.${page}${/^#\w{1,8}$/.test(hash) ? hash : ''}`;
  }
  read(): string | null { return this.storage.getItem(this.key); }
  write(token: string): void { this.storage.setItem(this.key, token); }
  clear(): void { this.storage.removeItem(this.key); }
}
