import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { type CheckOnce, watchCheck } from '../../src/cli/check-watch.ts';
import { openOutput } from '../../src/cli/output.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { CheckReport, CheckSpec, CheckStep } from '../../src/operations/check/report.ts';

type Verdicts = Readonly<Record<string, CheckStep['verdict']>>;

/** A check whose rounds are written down: what each finds, of the steps that it is asked for. */
class ScriptedCheck {
  readonly asked: (readonly string[] | undefined)[] = [];
  readonly #rounds: (Verdicts | ConnectorError)[];

  constructor(...rounds: readonly (Verdicts | ConnectorError)[]) {
    this.#rounds = [...rounds];
  }

  readonly once: CheckOnce = async ({ only }: CheckSpec, onStep): Promise<CheckReport> => {
    this.asked.push(only);
    const round = this.#rounds.length > 1 ? this.#rounds.shift()! : this.#rounds[0]!;
    if (round instanceof ConnectorError) throw round;
    const ids = Object.keys(round).filter((id) => only === undefined || only.includes(id));
    const steps = ids.map((id) => stepOf(id, round[id]!));
    for (const step of steps) onStep?.(step);
    return { reportVersion: 1, ok: steps.every(({ verdict }) => verdict !== 'fail'), steps, durationMs: 1 };
  };
}

function stepOf(id: string, verdict: CheckStep['verdict']): CheckStep {
  const error = { code: 'RS_AUTH_ROLE_DENIED', category: 'auth', message: 'no' } as const;
  const base = { id, title: `try ${id}`, verdict, durationMs: 1 };
  return verdict === 'fail' ? { ...base, error } : verdict === 'pass' ? base : { ...base, because: 'role failed' };
}

async function captured(work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  process.stdout.write = ((text: string) => {
    lines.push(...text.split('\n'));
    return true;
  }) as never;
  try {
    await work();
  } finally {
    Reflect.deleteProperty(process.stdout, 'write'); // the stream's own is there again
  }
  return lines.map(stripVTControlCharacters).filter((line) => line !== '');
}

const BAD: Verdicts = { options: 'pass', role: 'fail', login: 'skipped' };
const GOOD: Verdicts = { options: 'pass', role: 'pass', login: 'pass' };
const WAITS = { firstMs: 1, longestMs: 3 };

describe('roleshift check --watch', () => {
  async function watch(
    check: ScriptedCheck,
    { json = false, timeoutSeconds = 5, signal = new AbortController().signal } = {},
  ): Promise<{ readonly lines: string[]; readonly report: CheckReport | undefined }> {
    let report: CheckReport | undefined;
    const lines = await captured(async () => {
      using output = openOutput({ json });
      report = await watchCheck(check.once, { json, signal, output, timeoutSeconds, waits: WAITS });
    });
    return { lines, report };
  }

  it('looks again at what failed and what was skipped, and ends with a whole check that is green', async () => {
    const check = new ScriptedCheck(BAD, BAD, { ...BAD, role: 'pass', login: 'fail' }, GOOD);
    const { lines, report } = await watch(check);
    expect(check.asked).to.deep.equal([undefined, ['role', 'login'], ['role', 'login'], ['login'], undefined]);
    expect(report?.ok).to.equal(true);
    expect(lines.filter((line) => line.endsWith('UTC'))).to.have.length(2);
    expect(lines.filter((line) => /looking again/.test(line))).to.have.length(2);
    expect(lines.filter((line) => line.startsWith('✔ try options'))).to.have.length(1);
    expect(lines.at(-1)).to.match(/^3 passed, 0 failed/);
  });

  it('goes on when the whole check finds something that was green before', async () => {
    const check = new ScriptedCheck(BAD, GOOD, { ...GOOD, options: 'fail' }, GOOD);
    const { report } = await watch(check);
    expect(check.asked).to.deep.equal([undefined, ['role', 'login'], undefined, ['options'], undefined]);
    expect(report?.ok).to.equal(true);
  });

  it('ends when its time is over, with the picture of then', async () => {
    const { report } = await watch(new ScriptedCheck(BAD), { timeoutSeconds: 0.02 });
    expect(report?.steps.map(({ id, verdict }) => [id, verdict])).to.deep.equal(Object.entries(BAD));
  });

  it('does not wait at all where all is green', async () => {
    const check = new ScriptedCheck(GOOD);
    const { lines } = await watch(check);
    expect(check.asked).to.deep.equal([undefined]);
    expect(lines.some((line) => /looking again/.test(line))).to.equal(false);
  });

  it('takes a connection file that is being edited, and one that has other steps now', async () => {
    const broken = new ConnectorError('RS_CONFIG_INVALID', 'The file is not YAML', { action: 'Mend it.' });
    const other = new ConnectorError('RS_CONFIG_INVALID', 'no such step', { details: { step: 'role' } });
    const check = new ScriptedCheck(BAD, broken, other, GOOD);
    const { lines, report } = await watch(check);
    expect(lines.join('\n')).to.include('The file is not YAML');
    expect(report?.ok).to.equal(true);
  });

  it('throws what keeps the first look from happening', async () => {
    const broken = new ConnectorError('RS_CONFIG_INVALID', 'The file is not YAML');
    const outcome = await watch(new ScriptedCheck(broken)).catch((error: unknown) => error);
    expect(outcome).to.equal(broken);
  });

  it('writes a report a line as JSON, with what changed', async () => {
    const { lines } = await watch(new ScriptedCheck(BAD, BAD, GOOD), { json: true });
    const rounds = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rounds.map(({ round, ok, changed }) => [round, ok, changed])).to.deep.equal([
      [1, false, ['options', 'role', 'login']],
      [2, false, []],
      [3, true, ['role', 'login']],
      [4, true, []],
    ]);
    expect(rounds[0]).to.have.nested.property('report.reportVersion', 1);
    expect(rounds[0]?.['at']).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it("ends with the signal's reason while it waits", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort('enough'), 10);
    const outcome = await watch(new ScriptedCheck(BAD), { signal: controller.signal }).catch((error: unknown) => error);
    expect(outcome).to.equal('enough');
  });
});
