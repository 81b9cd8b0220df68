/** The words of `loghook run`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { adminOption, daemonOptions, type Ended, examples, logOptions } from '../options.ts';

export function addRun(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('run')
    .description('tail the System Log and deliver what the routes want (the default command)')
    .summary('tail the System Log and deliver (the default command)')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('--once', 'read to the end of the log, try each due delivery once, and end');
  examples(
    logOptions(adminOption(daemonOptions(command))),
    `  loghook run                  until ^C, with ./loghook.yaml or ./loghook.csv
  loghook run --since 2h       a first start that begins two hours ago
  loghook run --once           for cron: read to the end, deliver, and end
  loghook run -c /etc/loghook.csv -s /var/lib/loghook`,
  )
    .addHelpText('after', AFTER)
    .action(async (flags) => ended(await (await import('./run.ts')).run(flags, io)));
}

const AFTER = `
It goes on where the last run ended. SIGHUP (systemctl reload) reads the routes
file again. ^C or SIGTERM finishes what is in flight; a second one ends at once.
Settings and exit codes: loghook --help`;
