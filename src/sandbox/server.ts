import { startControlServer } from './control.ts';

/**
 * Child process that holds worlds for a test run: sends `{ url, token }` to its parent over IPC and lives until the
 * parent goes, disconnects or sends SIGTERM, so that nothing outlives a run that was killed.
 */
async function main(): Promise<void> {
  const control = await startControlServer();
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    control[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('disconnect', end);
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  const { url, token } = control;
  if (process.send) process.send({ url, token });
  else console.log(JSON.stringify({ url, token }));
}

await main();
