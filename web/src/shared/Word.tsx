// Owns how one of the two words of a trip looks: as it is, and in English also as it sounds.
import { language } from './i18n';
import { romanize } from './romanize';

export function Word({ said, testid }: { said: string | undefined; testid: string }) {
  return (
    <span class="word">
      <strong lang="ko" data-testid={testid}>{said}</strong>
      {language.lang === 'en' && said && <span class="hint"> {romanize(said)}</span>}
    </span>
  );
}
