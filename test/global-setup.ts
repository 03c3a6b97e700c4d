import { stopSandboxProcess } from './sandbox-process.ts';

/** The sandbox starts when a test first asks for it; whatever happens, it ends with the run. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopSandboxProcess();
}
