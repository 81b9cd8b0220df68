/** The words of `loghook sign` and `loghook verify`. */
import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, whichOrg } from '../options.ts';

export function addSign(program: Command, io: Io, ended: Ended): void {
  const command = secretOptions(program.command('sign'))
    .argument('[body]', 'the file that holds the body (stdin)')
    .description('print the three headers that sign a body (Standard Webhooks)')
    .summary('print the three headers that sign a body')
    .option('--id <id>', 'what webhook-id says (a new one)')
    .option('--timestamp <when>', 'when it is signed: seconds since 1970, or a time (now)');
  examples(
    command,
    `  loghook sign event.json --secret-env SIEM_SECRET
  loghook sign event.json --route siem --id msg_1`,
  ).action(async (body, flags) => ended(await (await import('./sign.ts')).sign(body, flags, io)));
}

export function addVerify(program: Command, io: Io, ended: Ended): void {
  const header = new Option(
    '--header <line>',
    "a header, such as 'webhook-id: msg_1'; repeat it",
  ).argParser((line: string, lines: string[] = []) => [...lines, line]);
  const command = secretOptions(program.command('verify'))
    .argument('[body]', 'the file that holds the body (stdin)')
    .description('say whether a request is signed as it should be, and which part is wrong')
    .summary('say whether a request is signed as it should be')
    .addOption(header)
    .option('--request <file>', 'a whole request, headers and body; - is stdin')
    .option('--tolerance <time>', 'how far its timestamp may be from now (5m)')
    .option('--now <when>', 'the time to judge it by: seconds since 1970, or a time');
  examples(
    command,
    `  loghook verify --request kept.http --secret-env SIEM_SECRET --tolerance 30d
  loghook verify body.json --route siem --header 'webhook-id: …' \\
    --header 'webhook-timestamp: …' --header 'webhook-signature: …'`,
  )
    .addHelpText('after', CODES)
    .action(async (body, flags) =>
      ended(await (await import('./verify.ts')).verifyRequest(body, flags, io)),
    );
}

const CODES = `
Exit codes: 0 it verifies, 2 it does not or something is amiss with the
question: stderr says which part. What would have been right is never said.`;

/** A secret never stands on the command line. */
function secretOptions(command: Command): Command {
  return command
    .option('--secret-env <name>', 'the environment variable that holds the secret')
    .option('--secret-file <file>', 'the file that holds the secret')
    .option('--route <name>', 'the secrets of this route')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json)')
    .addOption(whichOrg());
}
