/** A process that holds a state folder: `node hold-folder.js FOLDER`. Says `held` and stays until it is killed. */
import { SystemClock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';

const [folder = ''] = process.argv.slice(2);
SqliteOutbox.open({ folder, clock: new SystemClock(), log: silentLog(), pid: process.pid });
process.stdin.resume();
process.stdout.write('held\n');
