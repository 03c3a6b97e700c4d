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

process.exitCode = await runProgram(process.argv.slice(2), interrupted.signal);
