/** `loghook deliveries` and `loghook show`: their words on the command line. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, whichOrg } from '../options.ts';

export interface DeliveriesFlags {
  readonly state?: string;
  readonly org?: string;
  readonly route?: string;
  readonly status?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

export interface ShowFlags {
  readonly state?: string;
  readonly org?: string;
  readonly route?: string;
  readonly json?: boolean;
  readonly raw?: boolean;
}

export function addLedger(program: Command, io: Io, ended: Ended): void {
  program
    .command('deliveries')
    .description('what became of each event on each route, newest first')
    .summary('what became of each event on each route')
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg())
    .option('--route <name>', 'only of this route, as `loghook status` names it')
    .option(
      '--status <status>',
      'only these: due, waiting, held, paused, delivered, dead or dropped',
    )
    .option('--since <when>', 'only where something happened since: 2h, or a time with its zone')
    .option('--limit <number>', 'so many lines (50; with --json all)')
    .option('--json', 'one JSON object a line')
    .addHelpText('before', DELIVERIES_EXAMPLES)
    .addHelpText('after', DELIVERIES)
    .action(async (flags: DeliveriesFlags) =>
      ended(await (await import('./deliveries.ts')).listDeliveries(flags, io)),
    );
  program
    .command('show')
    .argument('<id>', 'the id of an event, or the start of it')
    .description('what became of one event: every attempt on every route')
    .summary('every attempt of one event on every route')
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg())
    .option('--route <name>', 'only on this route')
    .option('--json', 'one JSON object')
    .option('--raw', 'only the event, as Okta wrote it')
    .addHelpText('before', SHOW_EXAMPLES)
    .addHelpText('after', SHOW)
    .action(async (id: string, flags: ShowFlags) =>
      ended(await (await import('./show.ts')).showEvent(id, flags, io)),
    );
}

const DELIVERIES_EXAMPLES = `Examples:
  loghook deliveries
  loghook deliveries --status dead --since 24h
  loghook deliveries --json | jq -r 'select(.attempts > 1) | .event'
`;

const DELIVERIES = `
Works beside a running daemon and without one. What was delivered is remembered
for 30 days.`;

const SHOW_EXAMPLES = `Examples:
  loghook show 3f9c2a18
  loghook show 3f9c2a18 --route siem
  loghook show 3f9c2a18 --raw | jq .
`;

const SHOW = `
Works beside a running daemon and without one. Ids are those of \`loghook
deliveries\`.`;
