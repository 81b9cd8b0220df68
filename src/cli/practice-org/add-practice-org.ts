/** The words of `loghook practice-org`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples } from '../options.ts';

export function addPracticeOrg(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('practice-org')
    .description('a make-believe Okta org on this machine, to try routes and receivers against')
    .summary('a make-believe Okta org on this machine')
    .option('-p, --port <port>', 'where it listens on 127.0.0.1 (4700)')
    .option('--every <time>', 'how often something happens in it (1s)')
    .option('--events <n>', 'stop making events after so many (never)')
    .option('--late <n>', 'every n-th event is handed over five minutes late (20; 0: none)')
    .option('--rate-limit <n>', 'requests a minute that it grants (120)')
    .option('--fail-every <n>', 'every n-th request fails: 429, 500, a cut answer, in turn (none)')
    .option('--oauth', 'make a service app with a key pair too, instead of an API token');
  examples(
    command,
    `  loghook practice-org
  loghook practice-org --every 100ms --fail-every 5
  loghook practice-org --oauth

  and then, in another terminal, with the settings that it prints:
  loghook listen 3000`,
  ).action(async (flags) =>
    ended(await (await import('./practice-org.ts')).practiceOrg(flags, io)),
  );
}
