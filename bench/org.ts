/**
 * A practice org in a process of its own, holding COUNT events of the instant FROM. Tells its parent the URL once every page was asked for,
 * and so compressed, once: a real org's machine does not share our processors.
 */
import { get } from 'node:http';
import { PracticeOrg } from '../src/practice/org.ts';
import { benchEvents } from './events.ts';

const count = Number(process.argv[2] ?? 0);
const org = await PracticeOrg.open({ rateLimit: 1_000_000 });
const from = Number(process.argv[3] ?? Date.now() - 60_000);
for (const raw of benchEvents(count, from)) org.add(raw);

/** Asks for a page and resolves to the link to the next. */
function next(url: string): Promise<string> {
  const headers = { authorization: `SSWS ${org.token}`, 'accept-encoding': 'gzip' };
  return new Promise((resolve, reject) => {
    get(url, { headers }, (answer) => {
      answer.resume();
      const links = [answer.headers.link ?? []].flat().join(', ');
      answer.on('end', () => resolve(/<([^>]+)>; rel="next"/.exec(links)?.[1] ?? url));
    }).on('error', reject);
  });
}

let url = `${org.url}/api/v1/logs?since=${new Date(Date.now() - 120_000).toISOString()}&limit=1000`;
for (let page = 0; page < Math.min(count / 1_000, 50); page += 1) url = await next(url);

// Sorts by when they were published, which a real org has done when they are asked for.
const until = new Date(Date.now() + 60_000).toISOString();
await next(`${org.url}/api/v1/logs?since=${new Date(from).toISOString()}&until=${until}&limit=1`);

process.send?.({ url: org.url, token: org.token });
process.on('disconnect', () => process.exit());
