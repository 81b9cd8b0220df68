/** The words of `loghook doctor`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples } from '../options.ts';

export interface DoctorFlags {
  readonly config?: string;
  readonly state?: string;
  readonly json?: boolean;
}

export function addDoctor(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('doctor')
    .description('look at all that a run needs, and say what is wrong with it and what to do')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('-s, --state <dir>', 'where what is owed is kept')
    .option('--json', 'one JSON object')
    .addHelpText('after', AFTER);
  examples(
    command,
    `  loghook doctor
  loghook doctor --json | jq '.findings[] | select(.level == "problem")'`,
  ).action(async (flags: DoctorFlags) =>
    ended(await (await import('./doctor.ts')).doctor(flags, io)),
  );
}

const AFTER = `
It asks Okta once, and changes nothing. Exit code: 0 nothing is a problem, 1 something is.`;
