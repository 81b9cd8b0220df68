/** The words of `loghook convert`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples } from '../options.ts';

export interface ConvertFlags {
  readonly output?: string;
  readonly stdout?: boolean;
}

export function addConvert(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('convert')
    .argument('[file]', 'the CSV (./loghook.csv)')
    .description('write the loghook.yaml that says what a loghook.csv says; queues are kept')
    .summary('write a loghook.yaml from a loghook.csv; queues are kept')
    .option('-o, --output <file>', 'where to write it (beside the CSV, with .yaml as its ending)')
    .option('--stdout', 'print it instead');
  examples(
    command,
    `  loghook convert && loghook check
  loghook convert /etc/loghook/loghook.csv
  loghook convert --stdout`,
  ).action(async (file: string | undefined, flags: ConvertFlags) =>
    ended((await import('./convert.ts')).convert(file, flags, io)),
  );
}
