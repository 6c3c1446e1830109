// Owns which trips' ends this phone's owner has read, so that each is shown until then and not again. Ids only, on the phone,
// because a closed tab is how most trips are left.

/** More than end in the day for which the server tells of them. */
export const READ_MAX = 50;
const KEY = 'trips.read';

export class ReadEnds {
  constructor(private readonly storage: Storage = localStorage) {}

  has(trip: string): boolean { return this.all().includes(trip); }
  add(trips: string[]): void {
    const fresh = trips.filter((trip) => !this.has(trip));
    if (fresh.length > 0) this.storage.setItem(KEY, JSON.stringify([...this.all(), ...fresh].slice(-READ_MAX)));
  }
  /** Whoever signs out leaves no trace of trips behind. */
  clear(): void { this.storage.removeItem(KEY); }
  private all(): string[] { return JSON.parse(this.storage.getItem(KEY) ?? '[]') as string[]; }
}
