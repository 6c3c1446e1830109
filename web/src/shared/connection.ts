// Owns the pairing of the REST client and the socket for a signed-in page: connect, and connect anew when the phone was away, slept or
// changed its network; sign out when the sign-in was revoked.
import type { Api } from './api';
import { now } from './clock';
import { Socket, type LinkState } from './socket';
import type { ServerMessage } from './types';

/** Whoever was away for so long comes back to a connection that may be dead. */
export const AWAY_MS = 5_000;
/** A visible page looks at the clock so often, to see that the device slept. */
export const WATCH_MS = 2_000;

export interface Wants {
  message: (message: ServerMessage) => void;
  reload: () => void;
  link: (state: LinkState) => void;
  /** Something came from the server. */
  heard?: () => void;
  fixesHeard?: (seq: number) => void;
}

export function openSocket(api: Api, wants: Wants): { socket: Socket; stop: () => void } {
  const link = (state: LinkState): void => {
    wants.link(state);
    // Nothing that a revoked sign-in was told may stay on the screen.
    if (state.kind === 'stopped' && state.reason === 'revoked') api.onSignedOut();
  };
  const socket = new Socket({ ticket: () => api.wsTicket(), onMessage: wants.message, onReload: wants.reload, onLink: link, onHeard: () => wants.heard?.(), onFixesHeard: (seq) => wants.fixesHeard?.(seq) });
  const isSeen = (): boolean => document.visibilityState === 'visible';
  let hiddenAt = isSeen() ? null : now();
  let watchedAt = now();
  const online = (): void => socket.renew();
  const offline = (): void => socket.lose();
  const turned = (): void => {
    watchedAt = now();
    if (!isSeen()) { hiddenAt ??= now(); return; }
    const wasAway = hiddenAt !== null && now() - hiddenAt >= AWAY_MS;
    hiddenAt = null;
    if (wasAway) socket.renew();
    else socket.hurry();
  };
  const watch = setInterval(() => {
    const passedMs = now() - watchedAt;
    watchedAt = now();
    // A hidden page's timers are slow anyway; it renews when it is seen.
    if (isSeen() && passedMs >= WATCH_MS + AWAY_MS) socket.renew();
  }, WATCH_MS);
  addEventListener('online', online);
  addEventListener('offline', offline);
  document.addEventListener('visibilitychange', turned);
  void socket.connect();
  return {
    socket,
    stop: () => {
      clearInterval(watch);
      removeEventListener('online', online);
      removeEventListener('offline', offline);
      document.removeEventListener('visibilitychange', turned);
      socket.leave();
    },
  };
}
