/** The words of `loghook try`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, logOptions, orgOption } from '../options.ts';

export function addTry(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('try')
    .description('what the routes would have sent of past events; sends nothing, keeps nothing')
    .summary('hold the routes against past events; sends nothing')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('--since <when>', 'from here: 7d, or a time such as 2026-11-20T10:00:00Z (24h)')
    .option('--until <when>', 'up to here (now)')
    .option('--route <name>', 'only this route, or the start of its name')
    .option(
      '--filter <expression>',
      "only what this filter of Okta's wants, such as 'severity eq \"WARN\"'",
    )
    .option('--json', 'one JSON document')
    .option('-s, --state <dir>', 'the state folder of a daemon whose rate limit it shares');
  examples(
    logOptions(orgOption(command)),
    `  loghook try                                     the last 24 hours
  loghook try --since 7d --route siem
  loghook try --config new.csv                    before it becomes loghook.csv`,
  ).action(async (flags) => ended(await (await import('./try.ts')).tryRoutes(flags, io)));
}
