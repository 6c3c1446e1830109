// Owns the bond between a page's state (a plain object that tells when it changed) and the components that draw it.
import { useEffect, useReducer } from 'preact/hooks';

export class Store {
  private readonly listeners = new Set<() => void>();
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }
  protected changed(): void { for (const listener of this.listeners) listener(); }
}

/** Draws again whenever the store changes. */
export function useStore(store: Store): void {
  const [, tick] = useReducer((n: number) => n + 1, 0);
  useEffect(() => store.subscribe(() => tick(undefined as never)), [store]);
}

/** Draws again every `ms` while `on`; for ages and countdowns, which change without a message. */
export function useTick(ms: number, on = true): void {
  const [, tick] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => tick(undefined as never), ms);
    return () => clearInterval(timer);
  }, [ms, on]);
}
