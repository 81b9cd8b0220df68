/** `loghook replay`: its words on the command line. What it does is in replay.ts. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, whichOrg } from '../options.ts';

export interface ReplayFlags {
  readonly state?: string;
  readonly org?: string;
  readonly config?: string;
  readonly route?: string;
  readonly dead?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function addReplay(program: Command, io: Io, ended: Ended): void {
  program
    .command('replay')
    .argument('[id]', 'the id of an event, or the start of it')
    .description('send events again: one, dead letters, or all that a route took since a time')
    .summary('send again: one event, dead letters, or since a time')
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg())
    .option(
      '-c, --config <file>',
      'the routes file, which knows the rates (./loghook.csv or .yaml)',
    )
    .option('--dead', 'dead letters, of all routes or of one')
    .option('--route <name>', 'only of this route, as `loghook status` names it')
    .option('--since <when>', 'what it took, or what died, since then: 2h, or a time with its zone')
    .option('--until <when>', 'with --since: and until then (now)')
    .option('--dry-run', 'only say what it would send')
    .option('--yes', 'do not ask')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', AFTER)
    .action(async (id: string | undefined, flags: ReplayFlags) =>
      ended(await (await import('./replay.ts')).replay(id, flags, io)),
    );
}

const EXAMPLES = `Examples:
  loghook replay 3f9c2a18
  loghook replay --dead --dry-run
  loghook replay --dead --route siem --since 24h
  loghook replay --route siem --since 2026-11-20T10:00Z --until 4h --yes
`;

const AFTER = `
Says first how many they are, how old, and how long it takes. What is sent again
carries the header \`loghook-replay: true\` and the same \`webhook-id\` as before.
Works beside a running daemon and without one. The bytes of delivered events are
kept for 30 days, or 1 GB of them.`;
