/** Asks a proxy for a tunnel (CONNECT, RFC 9110 section 9.3.6). What the proxy sees is the host's name and port alone. */
import { request } from 'node:http';
import type { Socket } from 'node:net';

/** The proxy's answer to CONNECT, when it is not 2xx. */
export class TunnelRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`it answered ${status} to CONNECT`);
    this.status = status;
  }
}

/** Resolves when `socket`, a connection to the proxy, has become one to `authority`. */
export function openTunnel(socket: Socket, proxy: URL, authority: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const credentials = proxyAuthorization(proxy);
    const asked = request({
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(credentials !== undefined && { 'proxy-authorization': credentials }),
      },
      createConnection: () => socket,
    });
    asked.once('connect', (answer, _socket, head) => {
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) {
        reject(new TunnelRefusal(status));
        socket.destroy();
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** `Basic …` from `user:pass@` in the proxy's URL. A stray % stands for itself: whoever reads URLs refuses it before. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
