// Owns fresh keys, 128 random bits as text. Not `randomUUID`, which a page without TLS does not have.

export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A fresh key for each thing, and the same one while it is the same thing: an answer that got lost is asked for again by it. */
export function keyPerThing(): (thing: string) => string {
  let last: { thing: string; key: string } | null = null;
  return (thing) => {
    if (last?.thing !== thing) last = { thing, key: freshKey() };
    return last.key;
  };
}
