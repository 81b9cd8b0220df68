/**
 * What loghook is measured against: the shortest program that POSTs the same bodies with undici's Pool, IN_FLIGHT at a
 * time, and remembers nothing.
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
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.body.dump();
  }
}

await Promise.all(Array.from({ length: inFlight ?? 64 }, worker));
await pool.close();
