/** `loghook status`: its words on the command line. What it prints is in status.ts. */
import type { Command } from 'commander';
import type { Io } from './io.ts';

export interface StatusFlags {
  readonly state?: string;
  readonly json?: boolean;
}

export function addStatus(program: Command, io: Io, ended: (code: number) => void): void {
  program
    .command('status')
    .description('how things stand: how far behind, and what each route is owed')
    .option('-s, --state <dir>', 'the state folder to look in')
    .option('--json', 'one JSON object')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', AFTER)
    .action(async (flags: StatusFlags) =>
      ended(await (await import('./status.ts')).showStatus(flags, io)),
    );
}

const EXAMPLES = `Examples:
  loghook status
  loghook status --state /var/lib/loghook
  loghook status --json | jq '.routes[] | select(.state.kind != "flowing")'
`;

const AFTER = `
Works beside a running daemon and without one. Only OKTA_ORG_URL is read, and only when there are several orgs.`;
