/** The words of `loghook demo`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples } from '../options.ts';

export function addDemo(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('demo')
    .description(
      'the main job on this machine alone, with trouble on the way; no Okta account needed',
    )
    .summary('see it work on this machine; no Okta account needed')
    .option('--events <n>', 'how many events happen in about 16 seconds (48)')
    .option('--follow', 'go on making events until ^C');
  examples(
    command,
    `  loghook demo
  loghook demo --events 500
  loghook demo --follow`,
  ).action(async (flags) => ended(await (await import('./demo.ts')).demo(flags, io)));
}
