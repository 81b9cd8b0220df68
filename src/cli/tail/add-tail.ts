/** The words of `loghook tail`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, logOptions, orgOption } from '../options.ts';

export function addTail(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('tail')
    .description('print events as NDJSON, one a line, as Okta wrote them; keeps no state')
    .summary('print events as Okta wrote them, one a line')
    .option('-m, --match <regex>', 'only event types in which this is found (.*)')
    .option('--since <when>', 'from here: 2h, or a time such as 2026-11-20T10:00:00Z (2m)')
    .option('--until <when>', 'up to here, and end; needs --since')
    .option('--interval <time>', 'how often to poll when nothing is waiting (15s), or auto')
    .option(
      '--filter <expression>',
      "only what this filter of Okta's wants, such as 'severity eq \"WARN\"'",
    )
    .option('-s, --state <dir>', 'the state folder of a daemon whose rate limit it shares');
  examples(
    logOptions(orgOption(command)),
    `  loghook tail                                    follow the log until ^C
  loghook tail --match '^user\\.' | jq .displayMessage
  loghook tail --since 2d --until 1d > yesterday.ndjson`,
  ).action(async (flags) => ended(await (await import('./tail.ts')).tail(flags, io)));
}
