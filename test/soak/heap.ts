/** What a running Node holds on to, measured behind a full garbage collection that its inspector is asked for. */
import { WebSocket } from 'undici';

/** Makes `process` let the inspector choose a port; nothing listens until SIGUSR1. */
export const INSPECTOR_OPTIONS = '--inspect-port=0';

/** What Node says on stderr when it listens, and when somebody comes and goes. */
export const INSPECTOR_LINES =
  /^(?:Debugger (?:listening|attached|ending).*|For help, see: https:\/\/nodejs\.org.*|Waiting for the debugger.*)\n/gm;
export const INSPECTOR_URL = /Debugger listening on (ws:\/\/\S+)/;

const MEMORY = `(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())`;

/** Bytes that are reachable: V8's heap, and the buffers beside it. */
export async function heldBytes(url: string): Promise<number> {
  const socket = new WebSocket(url);
  const answers = new Map<number, (value: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data));
    answers.get(id)?.(result?.result?.value);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  const ask = (id: number, method: string, params = {}) =>
    new Promise<unknown>((resolve) => {
      answers.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  // Twice: what finalizers let go of is collected by the second.
  await ask(1, 'HeapProfiler.collectGarbage');
  await ask(2, 'HeapProfiler.collectGarbage');
  const bytes = await ask(3, 'Runtime.evaluate', { expression: MEMORY, returnByValue: true });
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  socket.close();
  await closed;
  return Number(bytes);
}
