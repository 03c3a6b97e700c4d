// The second opinion, as a process of its own: one simulation as JSON on each line of stdin, one answer on each line of
// stdout. Under the AGPL, like the package it runs; nothing outside this folder imports it.
import { createInterface } from 'node:readline';
import { runSimulation } from '@cloud-copilot/iam-simulate';

for await (const line of createInterface({ input: process.stdin })) {
  const simulation = JSON.parse(line);
  try {
    const answer = await runSimulation(simulation, { simulationMode: 'Strict' });
    const said =
      answer.resultType === 'error'
        ? { error: answer.errors }
        : {
            result: answer.overallResult,
            ignored: answer.resultType === 'single' ? answer.result.ignoredContextKeys : undefined,
          };
    process.stdout.write(`${JSON.stringify(said)}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  }
}
