// Owns how a Korean word is written for someone who cannot read it: letter by letter of each syllable (Revised Romanization
// without the changes between syllables). Meant for saying a word aloud, not for writing names.

const FIRST = ['g', 'kk', 'n', 'd', 'tt', 'r', 'm', 'b', 'pp', 's', 'ss', '', 'j', 'jj', 'ch', 'k', 't', 'p', 'h'];
const MIDDLE = ['a', 'ae', 'ya', 'yae', 'eo', 'e', 'yeo', 'ye', 'o', 'wa', 'wae', 'oe', 'yo', 'u', 'wo', 'we', 'wi', 'yu', 'eu', 'ui', 'i'];
const LAST = ['', 'k', 'k', 'k', 'n', 'n', 'n', 't', 'l', 'k', 'm', 'l', 'l', 'l', 'p', 'l', 'm', 'p', 'p', 't', 't', 'ng', 't', 't', 'k', 't', 'p', 't'];
const [BASE, END] = [0xac00, 0xd7a3];

/** Syllables joined by hyphens; what is not a Korean syllable stays as it is. */
export function romanize(word: string): string {
  return [...word].map((letter) => {
    const code = letter.codePointAt(0)!;
    if (code < BASE || code > END) return letter;
    const at = code - BASE;
    return `${FIRST[Math.floor(at / 588)]}${MIDDLE[Math.floor((at % 588) / 28)]}${LAST[at % 28]}`;
  }).join('-');
}
