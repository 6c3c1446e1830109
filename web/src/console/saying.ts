// Owns that what somebody puts on the record at the console is sent once: a second press while it is on its way is none, and what may
// have got through without an answer goes again under its key, which the server answers as it did.
import { mayChange } from '../shared/api';
import { freshKey } from '../shared/key';

export class Saying<Body, Said> {
  private isSending = false;
  /** By what was said and may have got through. */
  private readonly unsure = new Map<string, string>();

  constructor(private readonly send: (body: Body, key: string) => Promise<Said>, private readonly newKey: () => string = freshKey) {}

  /** What is on the record now; `null` if it is on its way already. */
  async say(body: Body): Promise<Said | null> {
    if (this.isSending) return null;
    this.isSending = true;
    const thing = JSON.stringify(body);
    const key = this.unsure.get(thing) ?? this.newKey();
    this.unsure.set(thing, key);
    try {
      const said = await this.send(body, key);
      this.unsure.delete(thing);
      return said;
    } catch (error) {
      if (!mayChange(error)) this.unsure.delete(thing);
      throw error;
    } finally {
      this.isSending = false;
    }
  }
}
