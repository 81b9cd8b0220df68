/** The words of `loghook audit`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, logOptions, whichOrg } from '../options.ts';

export interface AuditFlags {
  readonly config?: string;
  readonly state?: string;
  readonly org?: string;
  readonly since?: string;
  readonly until?: string;
  readonly route?: string;
  readonly repair?: boolean;
  readonly json?: boolean;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

export function addAudit(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('audit')
    .description("proof that nothing is missing: Okta's list of events against the ledger")
    .summary("proof of completeness: Okta's list against the ledger")
    .option('-c, --config <file>', 'where `orgs` are named (./loghook.yaml, .yml or .json)')
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg())
    .option('--since <when>', 'from here: 7d, or a time such as 2026-11-20T10:00:00Z (24h)')
    .option(
      '--until <when>',
      'up to here (5m before the last reading, when all that is late is there)',
    )
    .option('--route <name>', 'only this route, or the start of its name')
    .option('--repair', 'owe what is missing; touches nothing else')
    .option('--json', 'one JSON document');
  examples(
    logOptions(command),
    `  loghook audit --since 7d
  loghook audit --since 2026-11-01 --until 2026-11-08 --json
  loghook audit --since 30d --route siem --repair`,
  )
    .addHelpText('after', AFTER)
    .action(async (flags: AuditFlags) =>
      ended(await (await import('./audit.ts')).audit(flags, io)),
    );
}

const AFTER = `
Each event counts as what became of it on a route; if nothing did, by the
patterns that were in force when it was read. Works beside a running daemon and
without one, and reads Okta inside the rate share.

Exit codes: 0 it all adds up, 5 something is missing, changed or was sent twice,
or it was stopped before its end; the others as of \`loghook\`.`;
