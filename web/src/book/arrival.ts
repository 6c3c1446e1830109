// Owns what a change of screen does to scrolling and focus.
import { useEffect, useRef } from 'preact/hooks';

/** After a change of screen: back to the top, and the focus to its heading, because the button that was pressed is gone. */
export function useArrival(screen: unknown): void {
  const first = useRef(true);
  useEffect(() => {
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    const heading = document.querySelector<HTMLElement>('main h1');
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, [screen]);
}
