// Owns what a change of screen does to scrolling and focus.
import { useLayoutEffect, useRef } from 'preact/hooks';

/** With a change of screen, before it is seen: back to the top, and the focus to its heading, because the button that was pressed is
 * gone. Later it would move the page away under the next press. */
export function useArrival(screen: unknown): void {
  const first = useRef(true);
  useLayoutEffect(() => {
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    const heading = document.querySelector<HTMLElement>('main h1');
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, [screen]);
}
