/** `loghook backfill`: its words on the command line. What it does is in backfill.ts. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, logOptions, whichOrg } from '../options.ts';

export interface BackfillFlags {
  readonly since?: string;
  readonly until?: string;
  readonly route?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly config?: string;
  readonly state?: string;
  readonly org?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

export function addBackfill(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('backfill')
    .description("read the org's past events again, and owe the routes what they never got")
    .summary('owe the routes past events that they never got')
    .option('--since <when>', 'from here: 7d, or a time such as 2026-11-20T10:00:00Z')
    .option('--until <when>', 'up to here (as far as the daemon has read)')
    .option('--route <name>', 'only to this route, or the start of its name')
    .option('--dry-run', 'only say what it would owe; owes nothing')
    .option('--json', 'one JSON document')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('-s, --state <dir>', 'the state folder of the daemon')
    .addOption(whichOrg());
  examples(
    logOptions(command),
    `  loghook backfill --since 30d --dry-run
  loghook backfill --since 30d --route siem         a route that was added today
  loghook backfill --since 2026-11-20T10:00:00Z --until 2026-11-20T14:00:00Z`,
  )
    .addHelpText('after', AFTER)
    .action(async (flags: BackfillFlags) =>
      ended(await (await import('./backfill.ts')).backfill(flags, io)),
    );
}

const AFTER = `
Nothing that was delivered, is owed or is a dead letter is owed twice. Works
beside a running daemon, which sends its new events first, and without one. What
is sent carries \`loghook-replay: true\`. If it is cut off, the same command goes
on where it was.`;
