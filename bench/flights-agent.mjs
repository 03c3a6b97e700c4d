// One operation of the built package in a process of its own, for bench/flights.ts: tells rows, time and peak memory.
import { connector, loadConnectionFile } from 'roleshift';

const [operation, connection, object, file] = process.argv.slice(2);
const redshift = connector.open(await loadConnectionFile(connection));
const startedMs = performance.now();
let rows = 0;
if (operation === 'write') rows = (await redshift.write({ object }, { file })).rows.loaded;
else for await (const batch of redshift.read({ object, mode: operation })) rows += batch.rowCount;
const ms = performance.now() - startedMs;
await redshift[Symbol.asyncDispose]();
process.send({ rows, ms, maxRssMib: process.resourceUsage().maxRSS / 1024 });
