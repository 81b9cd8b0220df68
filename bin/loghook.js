#!/usr/bin/env node
import { readFileSync } from 'node:fs';

// A URL on the command line may hold a secret, and everyone on the machine may list what runs.
process.title = 'loghook';

const { main } = await import('../dist/src/cli/main.js');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

process.exitCode = await main(process.argv, process.env, { version });
