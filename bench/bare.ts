/**
 * What loghook is measured against: the shortest program that makes the same requests with undici's Pool, IN_FLIGHT at
 * a time, and remembers nothing.
 */
import { Pool } from 'undici';
import { benchEvents } from './events.ts';

const [port, count, inFlight] = process.argv.slice(2).map(Number);
const bodies = [...benchEvents(count ?? 0)];
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: inFlight ?? 64 });

async function worker(): Promise<void> {
  for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
    const answer = await pool.request({
      path: '/',
      method: 'POST',
      headers: [
        'content-type',
        'application/json',
        'user-agent',
        'bare/1.0.0 node/20.18.1 linux/6.1.0',
        'loghook-route',
        `127.0.0.1:${port}#0000`,
        'webhook-id',
        '00000000-0000-0000-0000-000000000000',
        'loghook-attempt',
        '1',
      ],
      body,
    });
    await answer.body.dump();
  }
}

await Promise.all(Array.from({ length: inFlight ?? 64 }, worker));
await pool.close();
