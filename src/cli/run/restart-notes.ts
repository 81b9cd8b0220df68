/** What was changed and is not put in force by a reload: who loghook is to its org. */
import type { Config } from '../../config/config.ts';
import { readEnvironment } from '../../config/environment.ts';
import { orgSettings } from '../../config/identity/org-settings.ts';
import type { Io } from '../io.ts';
import { isSameIdentity } from '../several/same-org.ts';
import { problemsInWords } from './reload.ts';

/** For people; nothing secret. Of a process with one org, whose settings stand in the environment. */
export function restartNotes({ org, identity }: Config, { env, cwd }: Io): readonly string[] {
  try {
    const read = orgSettings(readEnvironment(env, cwd), cwd);
    if (read.org.url.href !== org.url.href) return [`${read.orgFrom}: ${CHANGED}`];
    return isSameIdentity(read.identity, identity) ? [] : [`${read.identityFrom}: ${CHANGED}`];
  } catch (error) {
    return problemsInWords(error).map((problem) => `${problem} (${STILL_FINE})`);
  }
}

const CHANGED = 'it has changed; start loghook again to put that in force, a reload does not';
const STILL_FINE = 'loghook goes on with what it read when it started';
