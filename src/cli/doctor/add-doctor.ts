/** The words of `loghook doctor`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, orgOption } from '../options.ts';

export interface DoctorFlags {
  readonly config?: string;
  readonly state?: string;
  readonly org?: string;
  readonly json?: boolean;
  /** True: to all routes. */
  readonly send?: true | readonly string[];
}

export function addDoctor(program: Command, io: Io, ended: Ended): void {
  const command = orgOption(program.command('doctor'))
    .description('look at all that a run needs, and say what is wrong with it and what to do')
    .summary('look at all that a run needs; what is wrong, what to do')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('-s, --state <dir>', 'where what is owed is kept')
    .option('--send [route...]', 'send a test event, too: to these routes, or to all')
    .option('--json', 'one JSON object')
    .addHelpText('after', AFTER);
  examples(
    command,
    `  loghook doctor
  loghook doctor --send siem
  loghook doctor --json | jq '.findings[] | select(.level == "problem")'`,
  ).action(async (flags: DoctorFlags) =>
    ended(await (await import('./doctor.ts')).doctor(flags, io)),
  );
}

const AFTER = `
Looks at: settings, DNS, proxy, TLS and clock on the way to Okta, credentials,
rate limit, each route, disk, state, daemons, what is overdue, and the service's
unit file. It asks Okta for one event, connects to each route and sends nothing:
only with --send does a test event go there, as \`loghook test\` sends it. It
changes nothing.
Exit code: 0 nothing is a problem (warnings are none), 1 something is.`;
