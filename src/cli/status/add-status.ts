/** `loghook status`: its words on the command line. What it prints is in report.ts. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, whichOrg } from '../options.ts';

export interface StatusFlags {
  readonly state?: string;
  readonly org?: string;
  readonly json?: boolean;
}

export function addStatus(program: Command, io: Io, ended: Ended): void {
  program
    .command('status')
    .description('how things stand: how far behind, and what each route is owed')
    .summary('how far behind, and what each route is owed')
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg())
    .option('--json', 'one JSON object; of several orgs a list of them')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', AFTER)
    .action(async (flags: StatusFlags) =>
      ended(await (await import('./status.ts')).showStatus(flags, io)),
    );
}

const EXAMPLES = `Examples:
  loghook status
  loghook status --state /var/lib/loghook
  loghook status --org emea
  loghook status --json | jq '.routes[] | select(.state.kind != "flowing")'
`;

const AFTER = `
Works beside a running daemon and without one. Of several orgs all are shown:
those that loghook.yaml names, or that have state; where OKTA_ORG_URL is set and
the file names none, that one. No credentials are read.`;
