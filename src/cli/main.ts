/**
 * The command line: which commands there are. Each command's words stand in an `add-…` file; what it does is loaded
 * when it is called, so that `--version` and `--help` answer at once.
 */
import { Command, CommanderError, Help } from 'commander';
import { refuse } from '../config/problems.ts';
import { addAudit } from './audit/add-audit.ts';
import { addBackfill } from './backfill/add-backfill.ts';
import { addCheck } from './check/add-check.ts';
import { addConvert } from './convert/add-convert.ts';
import { addDemo } from './demo/add-demo.ts';
import { addDoctor } from './doctor/add-doctor.ts';
import { EXIT, exitCodeOf, explain } from './exit.ts';
import type { Input, Io, Output } from './io.ts';
import { addDead } from './ledger/add-dead.ts';
import { addLedger } from './ledger/add-ledger.ts';
import { addPause } from './ledger/add-pause.ts';
import { addReplay } from './ledger/add-replay.ts';
import { addRoute } from './ledger/add-route.ts';
import { addListen } from './listen/add-listen.ts';
import type { Ended } from './options.ts';
import { addPracticeOrg } from './practice-org/add-practice-org.ts';
import { addRun } from './run/add-run.ts';
import { addService } from './service/add-service.ts';
import { addSecret } from './signing/add-secret.ts';
import { addSign, addVerify } from './signing/add-sign.ts';
import { addStatus } from './status/add-status.ts';
import { addTail } from './tail/add-tail.ts';
import { mindOutput } from './terminal/lost-output.ts';
import { outliveTerminal } from './terminal/lost-terminal.ts';
import { addTest } from './test-delivery/add-test.ts';
import { addTry } from './try/add-try.ts';
import { isDaemon, usageMessage, withDefaultCommand } from './usage.ts';

interface Streams {
  readonly version: string;
  readonly stdout?: Output;
  readonly stderr?: Output;
  readonly stdin?: Input;
}

/** Runs one command. Resolves to the exit code; never rejects. */
export async function main(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { version, stdout = process.stdout, stderr = process.stderr, stdin }: Streams,
): Promise<number> {
  outliveTerminal();
  const words = withDefaultCommand(argv);
  if (stdout === process.stdout && !isDaemon(words)) mindOutput();
  let code: number = EXIT.asAsked;
  try {
    const cwd = workingFolder();
    const io: Io = { env, cwd, version, stdout, stderr, stdin: () => stdin ?? process.stdin };
    const program = commands(io, (ended) => {
      code = ended;
    });
    await program.parseAsync(words);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.asAsked : EXIT.usage;
    explain(error, stderr);
    return exitCodeOf(error);
  }
}

/** @throws ConfigError where it was deleted meanwhile */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return refuse('the working folder', 'it is not there any more', 'cd to one that is.');
  }
}

function commands(io: Io, ended: Ended): Command {
  const program = new Command('loghook')
    .usage('[command] [options]')
    .description(
      "Sends the events of an Okta org's System Log to your URLs, byte for byte, losing nothing.",
    )
    .version(io.version, '-V, --version', 'print the version')
    .configureHelp({ subcommandTerm: termOf, visibleCommands })
    .showSuggestionAfterError()
    .showHelpAfterError('Run `loghook --help` for the commands.')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(usageMessage(text)),
    });
  program.commandsGroup('Run it:');
  addRun(program, io, ended);
  addCheck(program, io, ended);
  addDoctor(program, io, ended);
  addStatus(program, io, ended);
  addService(program, io, ended);
  program.commandsGroup('Try it out:');
  addDemo(program, io, ended);
  addTail(program, io, ended);
  addListen(program, io, ended);
  addTry(program, io, ended);
  addTest(program, io, ended);
  addPracticeOrg(program, io, ended);
  program.commandsGroup('What became of events:');
  addLedger(program, io, ended);
  addReplay(program, io, ended);
  addDead(program, io, ended);
  addPause(program, io, ended);
  addRoute(program, io, ended);
  program.commandsGroup('Nothing missing:');
  addAudit(program, io, ended);
  addBackfill(program, io, ended);
  program.commandsGroup('Routes file and signatures:');
  addConvert(program, io, ended);
  addSecret(program, io, ended);
  addSign(program, io, ended);
  addVerify(program, io, ended);
  pointToHelp(program, 'loghook');
  return program.addHelpText('before', EXAMPLES).addHelpText('after', AFTER);
}

/** That each has options needs no word. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map((one) => {
    const name = one.variadic ? `${one.name()}...` : one.name();
    return one.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(' ');
}

/** But for `help`: it is there for who types it, and would stand in a group of its own. */
function visibleCommands(command: Command): Command[] {
  return new Help().visibleCommands(command).filter((one) => one.name() !== 'help');
}

/** Who gets the words of a command wrong wants its help, not the list of all commands. */
function pointToHelp({ commands }: Command, words: string): void {
  for (const command of commands) {
    const itsWords = `${words} ${command.name()}`;
    command.showHelpAfterError(`Run \`${itsWords} --help\` for how to write it.`);
    pointToHelp(command, itsWords);
  }
}

const EXAMPLES = `Examples:
  loghook demo            see it work: no Okta account needed
  loghook check           look at the settings and the routes, reach nothing
  loghook                 run with ./loghook.yaml or ./loghook.csv
  loghook listen 3000     every event to http://localhost:3000, no routes file
  loghook status          how things stand, beside a running daemon or without
`;

const AFTER = `
Settings, from the environment or ./.env:
  OKTA_ORG_URL             https://your-org.okta.com
  OKTA_API_KEY             an API token (or OKTA_API_KEY_FILE), or
  OKTA_CLIENT_ID           a service app, with OKTA_PRIVATE_KEY_FILE
Else those of Okta's other tools: OKTA_CLIENT_ORGURL..., ~/.okta/okta.yaml.

Exit codes:
  0  stopped as asked
  1  a bug; of \`doctor\`: it found a problem
  2  configuration or usage
  3  state cannot be opened or trusted, or output not be written
  4  Okta refused the credentials at a first start
  5  \`--once\` still owes or did not read to the end, \`test\` got no 2xx, or
     \`audit\` did not add up

\`loghook COMMAND --help\` has examples. docs/ in the package has a page for each
task.`;
