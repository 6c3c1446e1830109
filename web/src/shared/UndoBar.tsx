// Owns how a request that can still be taken back looks: what will be sent and when, back, and at once.
import { useEffect, useRef } from 'preact/hooks';
import { t, type Key } from './i18n';
import { useStore, useTick } from './store';
import type { Delayed } from './undo';

export function UndoBar({ delayed }: { delayed: Delayed }) {
  useStore(delayed);
  const { what } = delayed;
  useTick(250, what !== null);
  const back = useRef<HTMLButtonElement>(null);
  // The button that began it is gone, and a keyboard's focus with it.
  useEffect(() => { if (what) back.current?.focus({ preventScroll: true }); }, [what]);
  if (!what) return null;
  return (
    <div class="undo" role="group" aria-label={t(`undo.${what}` as Key)} data-testid="undo" data-what={what}>
      <p role="status">{t(`undo.${what}` as Key)}</p>
      <span class="left" aria-hidden="true">{t('span.s', { n: delayed.leftS })}</span>
      <button type="button" ref={back} data-testid="undo-back" onClick={() => delayed.undo()}>{t('undo.back')}</button>
      <button type="button" class="danger" data-testid="undo-now" onClick={() => void delayed.send()}>{t('undo.now')}</button>
    </div>
  );
}
