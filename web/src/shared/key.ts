// Owns fresh keys: 128 random bits as text. Not `randomUUID`, which a page without TLS does not have.

export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
