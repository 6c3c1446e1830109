// Owns how many are free and at work in each cell on the screen, as the server tells it from afar. A cell's outline is told once.
import type { Cell, CellAt } from '../shared/types';

type Count = Pick<Cell, 'cell' | 'available' | 'busy' | 'boundary'>;

export class Counts {
  private readonly cells = new Map<string, Count>();

  /** Takes what changed; a cell that has nobody any more is left out. */
  take(rows: CellAt[]): void {
    for (const [cell, available, busy, outline] of rows) {
      const boundary = outline ?? this.cells.get(cell)?.boundary;
      if (available + busy === 0 || !boundary) this.cells.delete(cell);
      else this.cells.set(cell, { cell, available, busy, boundary });
    }
  }
  clear(): void { this.cells.clear(); }
  get list(): Count[] { return [...this.cells.values()]; }
}
