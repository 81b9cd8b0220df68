/** A practice org in a process of its own, holding COUNT events. Tells its parent the URL. */
import { PracticeOrg } from '../src/practice/org.ts';
import { benchEvents } from './events.ts';

const count = Number(process.argv[2] ?? 0);
const org = await PracticeOrg.open({ rateLimit: 1_000_000 });
for (const raw of benchEvents(count)) org.add(raw);
process.send?.({ url: org.url, token: org.token });
process.on('disconnect', () => process.exit());
