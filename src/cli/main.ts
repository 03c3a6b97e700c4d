#!/usr/bin/env node
import { runProgram } from './program.ts';

// The SDK warns about every Node version it will drop one day; the README names the versions we support.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(130); // asked twice: leave now
    interrupted.abort(new DOMException(`Stopped by ${signal}`, 'AbortError'));
  });
}

// A reader that leaves early (`| head`) is no failure of ours; a result that cannot be written is.
let unwritten: string | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') unwritten ??= code;
  });
}

const status = await runProgram(process.argv.slice(2), interrupted.signal);
process.exitCode = status;
process.once('beforeExit', () => {
  if (unwritten === undefined || status !== 0) return;
  process.stderr.write(`RS_CONFIG_INVALID  Standard output cannot be written: ${unwritten}\n`);
  process.exitCode = 2;
});
