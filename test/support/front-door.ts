/** Runs a command in this process through `main`, as the bin does, and keeps what it wrote. */
import { Readable } from 'node:stream';
import { main } from '../../src/cli/main.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly raw: Buffer;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** What stdin says; without it there is none. */
  readonly input?: string;
  /** How wide a terminal stdout and stderr are. */
  readonly columns?: number;
}

class Captured {
  readonly #chunks: Buffer[] = [];
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  constructor(columns: number | undefined) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(chunk: string | Uint8Array, done?: () => void): void {
    this.#chunks.push(Buffer.from(chunk));
    done?.();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

export async function loghook(
  args: readonly string[],
  { env = {}, input, columns }: RunOptions = {},
): Promise<Ran> {
  const [stdout, stderr] = [new Captured(columns), new Captured(columns)];
  const code = await main(['node', 'loghook', ...args], env, {
    ...{ version: '1.2.3', stdout, stderr },
    ...(input !== undefined && { stdin: Readable.from([Buffer.from(input)]) }),
  });
  const raw = stdout.bytes;
  return { code, stdout: raw.toString(), stderr: stderr.bytes.toString(), raw };
}
