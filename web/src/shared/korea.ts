// Owns the civil date and the time of day in Korea, which has no summer time. Knows nothing of the language of the page.
const KOREA_MS = 9 * 3600_000;

/** The civil date in Korea, `days` from `nowMs`. */
export function koreanDate(nowMs: number, days = 0): string {
  return new Date(nowMs + KOREA_MS + days * 86_400_000).toISOString().slice(0, 10);
}
/** Hours and minutes in Korea. */
export function koreanTime(nowMs: number): string {
  return new Date(nowMs + KOREA_MS).toISOString().slice(11, 16);
}
/** The moment at which clocks in Korea show that date and time, as the server reads it. */
export function koreanInstant(date: string, time: string): string {
  return new Date(`${date}T${time}:00+09:00`).toISOString().replace('.000Z', 'Z');
}
