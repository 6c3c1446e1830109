// Owns the pairing of the REST client and the socket for a signed-in page: who am I, connect, hurry when the phone is back.
import { Api } from './api';
import { Socket, type LinkState } from './socket';
import type { ServerMessage } from './types';

export interface Wants {
  message: (message: ServerMessage) => void;
  reload: () => void;
  link: (state: LinkState) => void;
}

export function openSocket(api: Api, wants: Wants): { socket: Socket; stop: () => void } {
  const socket = new Socket({ ticket: () => api.wsTicket(), onMessage: wants.message, onReload: wants.reload, onLink: wants.link });
  const hurry = (): void => socket.hurry();
  const seen = (): void => { if (document.visibilityState === 'visible') socket.hurry(); };
  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', seen);
  void socket.connect();
  return {
    socket,
    stop: () => {
      removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', seen);
      socket.leave();
    },
  };
}
