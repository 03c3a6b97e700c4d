import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { INSTALL_LIMIT_MS, needCommand } from '../clients/install.ts';
import { type Case, casesOf, FAMILIES, simulationOf } from './cases.ts';
import { DIFFERENCES, otherReading, ourVerdict, type Verdict } from './differences.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const CASES_EACH = 600;
const SEED = 20_261_124;

interface Answer {
  readonly result?: Verdict;
  /** Context keys that the other evaluator does not know for the action, and so left out. */
  readonly ignored?: readonly string[];
  readonly error?: unknown;
}

/** The other evaluator's answers, in a process of its own. */
async function otherAnswers(cases: readonly Case[], limitMs: number): Promise<readonly Answer[]> {
  const child = spawn(process.execPath, ['evaluate.mjs'], {
    cwd: FOLDER,
    stdio: ['pipe', 'pipe', 'inherit'],
    signal: AbortSignal.timeout(limitMs),
  });
  const failed = new Promise<never>((_resolve, reject) => child.on('error', reject));
  Readable.from(cases.map((each) => `${JSON.stringify(simulationOf(each))}\n`)).pipe(child.stdin);
  const read = async (): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line) as Answer);
    return answers;
  };
  return Promise.race([read(), failed]);
}

const shown = (each: Case, answer: Answer): string =>
  `${each.family}: ours ${ourVerdict(each)}, the other ${answer.result ?? JSON.stringify(answer)}\n${JSON.stringify({ ...each, caller: each.caller.principal.arn })}`;

describe('An evaluator of IAM that no one here wrote', () => {
  const families = Object.keys(FAMILIES);
  const cases = families.flatMap((family, at) => casesOf(family, CASES_EACH, SEED + at));
  let answers: readonly Answer[];
  const used = new Map<string, number>();
  before(async function () {
    this.timeout(INSTALL_LIMIT_MS + 120_000);
    await needCommand(
      'npm',
      ['ci', '--prefix', FOLDER, '--no-progress', '--ignore-scripts'],
      'The independent evaluator could not be installed.',
      INSTALL_LIMIT_MS,
    );
    answers = await otherAnswers(cases, 120_000);
  });

  it('answers every case, with all of its context', () => {
    expect(answers).to.have.length(cases.length);
    const odd = cases.filter((_each, at) => answers[at]!.error !== undefined || answers[at]!.ignored?.length);
    expect(odd.slice(0, 3).map((each) => shown(each, answers[cases.indexOf(each)]!))).to.deep.equal([]);
  });

  for (const family of families) {
    it(`agrees on ${family}, or differs as written down`, () => {
      const unexplained: string[] = [];
      for (const [at, each] of cases.entries()) {
        const answer = answers[at]!;
        if (each.family !== family || answer.result === ourVerdict(each)) continue;
        const { rules, verdict } = otherReading(each);
        if (verdict !== answer.result) unexplained.push(shown(each, answer));
        else for (const rule of rules) used.set(rule, (used.get(rule) ?? 0) + 1);
      }
      expect(unexplained.slice(0, 3)).to.deep.equal([]);
    });
  }

  it('is asked things that are allowed, denied and not allowed, of each kind many', () => {
    for (const family of families) {
      const verdicts = cases.filter((each) => each.family === family).map(ourVerdict);
      for (const verdict of ['Allowed', 'ImplicitlyDenied', 'ExplicitlyDenied'] as const) {
        if (family === 'resourceControl' && verdict === 'ImplicitlyDenied') continue; // these policies only deny
        if (family === 'notPrincipal' && verdict === 'ImplicitlyDenied') continue; // everybody has every right there
        const count = verdicts.filter((each) => each === verdict).length;
        expect(count, `${verdict} in ${family}`).to.be.greaterThan(10);
      }
    }
  });

  it('has no difference written down that does not come up', () => {
    const unused = DIFFERENCES.map(({ name }) => name).filter((name) => !used.has(name));
    expect(unused).to.deep.equal([]);
  });

  after(() => {
    const same = cases.filter((each, at) => answers?.[at]?.result === ourVerdict(each)).length;
    const percent = ((100 * same) / cases.length).toFixed(2);
    process.stdout.write(`    ${same} of ${cases.length} decisions alike (${percent} %); the others:\n`);
    for (const [name, count] of used) process.stdout.write(`      ${count}: ${name}\n`);
  });
});
