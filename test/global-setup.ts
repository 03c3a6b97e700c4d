import { stopSandboxProcess } from './sandbox-process.ts';

// The SDK announces the end of each Node version on standard error; the README names the versions we support.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

/** The sandbox starts when a test first asks for it; whatever happens, it ends with the run. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopSandboxProcess();
}
