/**
 * Writes docs/iam/diagnoses.md: every topology of the tests, walked in the sandbox without each of its IAM statements, and
 * what the doctor says of it. `node --import tsx tools/diagnoses.ts`; a test fails when the page is stale.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ALL_TOPOLOGIES, outcomesOf } from '../test/operations/diagnose/outcomes.ts';
import { stopSandboxProcess } from '../test/sandbox-process.ts';
import { renderDiagnoses } from './render-diagnoses.ts';

/** Where the page lies. */
export const DIAGNOSES_PAGE = fileURLToPath(new URL('../docs/iam/diagnoses.md', import.meta.url));

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  try {
    writeFileSync(DIAGNOSES_PAGE, renderDiagnoses(await outcomesOf(ALL_TOPOLOGIES)));
  } finally {
    await stopSandboxProcess();
  }
}
