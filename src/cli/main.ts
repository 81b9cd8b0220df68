/**
 * The command line: which commands there are and what their words mean. Each command's own file is loaded when it is
 * called, so that `--version` and `--help` answer at once.
 */
import { Command, CommanderError, Option } from 'commander';
import { addDead } from './dead.ts';
import { EXIT, exitCodeOf, explain } from './exit.ts';
import type { Io, Output } from './io.ts';
import { addStatus } from './status.ts';

interface Streams {
  readonly version: string;
  readonly stdout?: Output;
  readonly stderr?: Output;
}

/** Runs one command. Resolves to the exit code; never rejects. */
export async function main(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { version, stdout = process.stdout, stderr = process.stderr }: Streams,
): Promise<number> {
  ignoreClosedOutput();
  const io: Io = { env, cwd: process.cwd(), version, stdout, stderr };
  let code: number = EXIT.asAsked;
  const program = commands(io, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.asAsked : EXIT.usage;
    explain(error, stderr);
    return exitCodeOf(error);
  }
}

/** EPIPE and EIO: whoever read our output is gone. That must neither crash a daemon nor make it spin. */
function ignoreClosedOutput(): void {
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}

type Ended = (code: number) => void;

function commands(io: Io, ended: Ended): Command {
  const program = new Command('loghook')
    .description(
      "Sends the events of an Okta org's System Log to your URLs, byte for byte, losing nothing.",
    )
    .version(io.version, '-V, --version', 'print the version')
    .showSuggestionAfterError()
    .showHelpAfterError('Run `loghook --help` for the commands.')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    });
  addRun(program, io, ended);
  addStatus(program, io, ended);
  addDead(program, io, ended);
  program.addHelpText('after', EXAMPLES);
  return program;
}

const EXAMPLES = `
Examples:
  loghook demo                      see it work: no Okta account needed
  loghook check                     look at the settings and the routes, reach nothing
  loghook                           run with ./loghook.csv (the same as: loghook run)
  loghook listen 3000               every event to http://localhost:3000, no routes file needed

Exit codes: 0 stopped as asked, 1 bug, 2 configuration or usage, 3 state cannot be opened or trusted,
4 Okta refused the credentials at a first start, 5 \`--once\` ended with deliveries still owed.`;

function logOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (info)'),
    )
    .addOption(new Option('--log-format <format>', 'pretty or json (pretty on a terminal)'));
}

function addRun(program: Command, io: Io, ended: Ended): void {
  logOptions(
    program
      .command('run', { isDefault: true })
      .description('tail the System Log and deliver what the routes want')
      .option('-c, --config <file>', 'the routes (./loghook.csv)')
      .option('-s, --state <dir>', 'where what is owed is kept')
      .option(
        '--since <when>',
        'a first start reads from here: 2h, or a time such as 2026-11-20T10:00:00Z',
      )
      .option('--once', 'read to the end of the log, try each due delivery once, and end')
      .option('--interval <time>', 'how often to poll when nothing is waiting (15s)')
      .option(
        '--filter <expression>',
        "only what this filter of Okta's wants, such as 'severity eq \"WARN\"'",
      ),
  ).action(async (flags) => ended(await (await import('./run.ts')).run(flags, io)));
}
