// Owns what a page says went wrong. The refusal of somebody's press stays until the next press; a fault of the connection only
// until something gets through. Invariant: no fetch that nobody pressed for takes a refusal away.
import { Unreachable } from './api';

export class Trouble {
  refusal: unknown = null;
  fault: unknown = null;

  get said(): unknown { return this.refusal ?? this.fault; }
  /** The answer to a press. No answer at all is a fault: what became of it the next fetch shows. */
  refuse(error: unknown): void {
    if (error instanceof Unreachable) this.fault = error;
    else this.refusal = error;
  }

  /** What somebody asked for. */
  async press(work: () => Promise<void>): Promise<void> {
    this.refusal = null;
    await this.fetch(work, (error) => this.refuse(error));
  }
  /** What the page asks for by itself. */
  async fetch(work: () => Promise<void>, failed = (error: unknown): void => { this.fault = error; }): Promise<void> {
    try {
      await work();
      this.fault = null;
    } catch (error) {
      failed(error);
    }
  }
}
