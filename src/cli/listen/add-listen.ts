/** The words of `loghook listen`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import {
  adminOption,
  daemonOptions,
  type Ended,
  examples,
  logOptions,
  orgOption,
} from '../options.ts';

export function addListen(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('listen')
    .description('send events to one URL while you build what receives them; no routes file needed')
    .summary('send every event to one URL while you build a receiver')
    .argument('<target>', 'a port of this machine, or a URL')
    .option('-m, --match <regex>', 'only event types in which this is found (.*)');
  examples(
    logOptions(adminOption(orgOption(daemonOptions(command)))),
    `  loghook listen 3000                             to http://localhost:3000/
  loghook listen 3000 --match '^user\\.session\\.'   sign-ins only
  loghook listen http://localhost:3000/okta --since 1h`,
  ).action(async (target, flags) =>
    ended(await (await import('./listen.ts')).listen(target, flags, io)),
  );
}
