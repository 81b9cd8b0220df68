/** The words of `loghook check`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { adminOption, type Ended, examples, orgOption } from '../options.ts';

export function addCheck(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('check')
    .description('print the settings and the routes, or every problem; reaches and changes nothing')
    .summary('print settings and routes, or every problem; reach nothing')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('-s, --state <dir>', 'where what is owed is kept')
    .option('--interval <time>', 'how often to poll when nothing is waiting (15s), or auto');
  examples(
    adminOption(orgOption(command)),
    `  loghook check
  loghook check --config /etc/loghook.csv && systemctl reload loghook`,
  ).action(async (flags) => ended(await (await import('./check.ts')).check(flags, io)));
}
