/**
 * One job in a process of its own. Reads the order as one line, prepares, says `ready`, waits for `go`, does the job and tells
 * time, CPU and peak memory as one line.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { prepareByHand } from './by-hand.ts';
import { prepareOurs } from './ours.ts';
import { type Figure, isByHand, type Order, type Prepared } from './protocol.ts';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function line(): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) process.exit(1);
  return String(value);
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function peakMib(): number {
  try {
    const [, kib = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kib) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024; // not Linux
  }
}

const order = JSON.parse(await line()) as Order;
const { place, job, cold = false } = order;
const prepare = (): Promise<Prepared> => (isByHand(job) ? prepareByHand(place, job) : prepareOurs(place, job, cold));
let prepared = cold ? undefined : await prepare();
say('ready');
await line();
const cpu = process.cpuUsage();
const startedMs = performance.now();
prepared ??= await prepare();
const outcome = await prepared.run();
const ms = performance.now() - startedMs;
const { user, system } = process.cpuUsage(cpu);
const figure: Figure = { ms, cpuMs: (user + system) / 1000, peakMib: peakMib(), ...outcome };
await prepared.end();
say(figure);
process.exit(0);
