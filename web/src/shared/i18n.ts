// Owns the two dictionaries and which one is in use. Korean ships with the page, English is fetched when asked for; what only the
// console says it brings itself, so that phones need not fetch it.
// The choice lives as long as the tab.
import type deskKo from '../console/words.ko.json';
import ko from './ko.json';
import { Store } from './store';
import type { MapInfo } from './types';

type DeskKey = keyof typeof deskKo;
export type Key = keyof typeof ko | DeskKey;
export type Lang = 'ko' | 'en';
type Dictionary = Record<keyof typeof ko, string> & Partial<Record<DeskKey, string>>;
/** Words of one page: at hand in Korean, fetched in English. */
export interface OwnWords { ko: Record<DeskKey, string>; en: () => Promise<Record<DeskKey, string>> }
const STORED = 'lang';

class Language extends Store {
  lang: Lang = 'ko';
  private words: Dictionary = ko;
  private own: OwnWords | null = null;

  /** Before the page starts. */
  bring(own: OwnWords): void { this.own = own; this.words = { ...this.words, ...own.ko }; }

  async use(lang: Lang): Promise<void> {
    const [words, own] = lang === 'ko' ? [ko, this.own?.ko] : await Promise.all([import('./en.json').then((en) => en.default), this.own?.en()]);
    this.words = { ...words, ...own };
    this.lang = lang;
    sessionStorage.setItem(STORED, lang);
    document.documentElement.lang = lang;
    document.title = this.words.title;
    this.changed();
  }
  async restore(): Promise<void> { await this.use(sessionStorage.getItem(STORED) === 'en' ? 'en' : 'ko'); }
  word(key: Key): string { return this.words[key] ?? key; }
  has(key: string): key is Key { return key in this.words; }
}
export const language = new Language();

/** The sentence for `key`, with `{name}` replaced by `params.name`. */
export function t(key: Key, params: Record<string, string | number> = {}): string {
  return fill(language.word(key), params);
}
/** The sentence for a code the server chose, or the code itself when this page is older than the server. */
export function tCode(prefix: 'phase' | 'problem' | 'violation' | 'state' | 'closed' | 'gone', code: string): string {
  const key = `${prefix}.${code}`;
  return language.has(key) ? language.word(key) : code;
}
/** The words for the path of a field in a refusal: its own, else those of its parts from whole to part; the path itself when this
 *  page knows none of it. */
export function fieldWords(path: string): string {
  const own = `field.${path}`;
  if (language.has(own)) return language.word(own);
  const words = path.replace(/\[\d+\]/g, '').split('.').map((part) => `field.${part}`).filter((key) => language.has(key));
  return words.map((key) => language.word(key as Key)).join(' · ') || path;
}
export function fill(sentence: string, params: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));
}

/** Who made the map, in the language of the page. A licence's words are kept: only the common noun after the name is ours. */
export function attributionText({ attribution, generated }: Pick<MapInfo, 'attribution' | 'generated'>): string {
  if (generated) return t('map.generated');
  return attribution.replace(/^© OpenStreetMap contributors/, t('map.osm'));
}

const locale = (): string => (language.lang === 'ko' ? 'ko-KR' : 'en-GB');
/** `08:10`, Korean time. */
export function clockTime(iso: string): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: 'Asia/Seoul', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .format(new Date(iso));
}
/** Weekday, day and time, Korean time. */
export function dayTime(iso: string): string {
  return new Intl.DateTimeFormat(locale(), {
    timeZone: 'Asia/Seoul', weekday: 'short', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).format(new Date(iso));
}
/** Weekday and day of a civil date. */
export function civilDay(date: string): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', weekday: 'short', month: 'short', day: 'numeric' })
    .format(new Date(`${date}T00:00:00Z`));
}
/** A distance a person can use: tens of metres below a kilometre, else tenths of one. */
export function metres(length_m: number): string {
  return length_m < 995 ? `${Math.max(10, Math.round(length_m / 10) * 10)} m` : `${(length_m / 1000).toFixed(1)} km`;
}
/** A duration a person can use: seconds below a minute, else whole minutes rounded up (an ETA must not flatter). */
export function span(seconds: number): string {
  if (seconds < 60) return t('span.s', { n: Math.max(0, Math.round(seconds)) });
  if (seconds < 3600) return t('span.min', { n: Math.ceil(seconds / 60) });
  return t('span.h', { h: Math.floor(seconds / 3600), n: Math.floor((seconds % 3600) / 60) });
}
