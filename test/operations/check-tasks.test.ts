import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { openRun } from '../../src/core/run.ts';
import type { CheckStep } from '../../src/operations/check/report.ts';
import { selectTasks } from '../../src/operations/check/select.ts';
import { type CheckTask, type Finding, runTasks, type TasksInit } from '../../src/operations/check/tasks.ts';

const ENDLESS = new AbortController().signal;

describe('the steps of a check', () => {
  const task = (
    id: string,
    needs: readonly string[],
    attempt: CheckTask['attempt'] = async () => ({}),
    after: readonly string[] = [],
  ): CheckTask => ({ id, title: '', needs, after, attempt });
  const found = (finding: Finding) => async () => finding;
  const run = (
    tasks: readonly CheckTask[],
    init: Partial<TasksInit> & { readonly only?: readonly string[]; readonly skip?: readonly string[] } = {},
    signal?: AbortSignal,
  ): Promise<readonly CheckStep[]> =>
    runTasks(tasks, openRun({ signal }), { selection: selectTasks(tasks, init), limit: ENDLESS, ...init });
  const told = (steps: readonly CheckStep[]) => steps.map(({ id, verdict, because }) => [id, verdict, because]);

  it('go on after a failure, and skip what needs it, directly or by way of another', async () => {
    const heard: CheckStep[] = [];
    const steps = await run(
      [
        task('options', [], found({ evidence: 'fine' })),
        task('identity', ['options'], found({ warning: 'keys are ignored' })),
        task('role', ['identity'], async () => {
          const cause = new Error('is not authorized to perform: sts:AssumeRole');
          throw new ConnectorError('RS_AUTH_ROLE_DENIED', 'no', { action: 'Mend it.', details: { a: 'x' }, cause });
        }),
        task('login', ['role']),
        task('tls', ['options'], found({ skipped: 'nothing to see' })),
        task('session', ['login', 'tls']),
      ],
      { onStep: (step) => heard.push(step) },
    );
    expect(told(steps)).to.deep.equal([
      ['options', 'pass', undefined],
      ['identity', 'warn', 'keys are ignored'],
      ['role', 'fail', undefined],
      ['login', 'skipped', 'role failed'],
      ['tls', 'skipped', 'nothing to see'],
      ['session', 'skipped', 'login was skipped'],
    ]);
    expect(steps[2]?.error).to.deep.equal({
      code: 'RS_AUTH_ROLE_DENIED',
      category: 'auth',
      message: 'no',
      said: 'is not authorized to perform: sts:AssumeRole',
      action: 'Mend it.',
      details: { a: 'x' },
    });
    expect(heard).to.deep.equal(steps);
  });

  it('run side by side where they do not hang on each other, and are told in their order', async () => {
    const began: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const noted = (id: string, wait?: Promise<void>) => async () => {
      began.push(id);
      await wait;
      return {};
    };
    const steps = await run([
      task('slow', [], noted('slow', gate)),
      task('quick', [], async () => {
        began.push('quick');
        release();
        return {};
      }),
      task('last', ['quick'], noted('last'), ['slow']),
    ]);
    expect(began).to.deep.equal(['slow', 'quick', 'last']);
    expect(steps.map(({ id }) => id)).to.deep.equal(['slow', 'quick', 'last']);
  });

  it('are tried for a chosen one that wants them, whatever they find', async () => {
    const reach = task('reach', [], () => Promise.reject(new ConnectorError('RS_CONN_UNREACHABLE', 'no')));
    const steps = await run([reach, { ...task('clock', []), wants: ['reach'] }], { only: ['clock'] });
    expect(steps.map(({ id, verdict, neededBy }) => [id, verdict, neededBy?.join()])).to.deep.equal([
      ['reach', 'fail', 'clock'],
      ['clock', 'pass', undefined],
    ]);
  });

  it('are skipped where one fails without which there is nothing to try, and not where that one is left out', async () => {
    const failing = task('reach', [], () => Promise.reject(new ConnectorError('RS_CONN_UNREACHABLE', 'no')));
    const tasks = [failing, { ...task('identity', []), unless: ['reach'] }];
    expect(told(await run(tasks)).at(-1)).to.deep.equal(['identity', 'skipped', 'reach failed']);
    expect(told(await run(tasks, { skip: ['reach'] })).at(-1)).to.deep.equal(['identity', 'pass', undefined]);
    expect(told(await run(tasks, { only: ['identity'] }))).to.deep.equal([['identity', 'pass', undefined]]);
  });

  it('follow a failed step where they only come after it', async () => {
    const steps = await run([
      task('get', [], () => Promise.reject(new ConnectorError('RS_STAGING_DENIED', 'no'))),
      task('delete', [], found({}), ['get']),
    ]);
    expect(steps.map(({ verdict }) => verdict)).to.deep.equal(['fail', 'pass']);
  });

  const MANY = [
    task('options', []),
    task('role:a', ['options']),
    task('role:b', ['role:a']),
    task('login', ['role:b']),
    task('staging:put', ['role:a']),
    task('staging:get', ['staging:put']),
  ];
  const SELECTIONS: readonly {
    readonly title: string;
    readonly only?: readonly string[];
    readonly skip?: readonly string[];
    readonly expected: readonly (readonly [string, string, string | undefined])[];
  }[] = [
    {
      title: 'some, and what they need, and say for what',
      only: ['staging:*'],
      expected: [
        ['options', 'pass', 'staging:put,staging:get'],
        ['role:a', 'pass', 'staging:put,staging:get'],
        ['staging:put', 'pass', undefined],
        ['staging:get', 'pass', undefined],
      ],
    },
    {
      title: 'a family by its first word',
      only: ['role'],
      expected: [
        ['options', 'pass', 'role:a,role:b'],
        ['role:a', 'pass', undefined],
        ['role:b', 'pass', undefined],
      ],
    },
    {
      title: 'all but some and what needs those',
      skip: ['role:b', 'staging:*'],
      expected: [
        ['options', 'pass', undefined],
        ['role:a', 'pass', undefined],
        ['role:b', 'skipped', undefined],
        ['login', 'skipped', undefined],
        ['staging:put', 'skipped', undefined],
        ['staging:get', 'skipped', undefined],
      ],
    },
  ];
  for (const { title, only, skip, expected } of SELECTIONS) {
    it(`can be chosen: ${title}`, async () => {
      const steps = await run(MANY, { ...(only ? { only } : {}), ...(skip ? { skip } : {}) });
      expect(steps.map(({ id, verdict, neededBy }) => [id, verdict, neededBy?.join()])).to.deep.equal(expected);
    });
  }

  for (const pattern of ['staging:putt', 'role.*', 'nothing:*', '']) {
    it(`refuses to look for the step ${JSON.stringify(pattern)}, and names those there are`, () => {
      const outcome = () => selectTasks(MANY, { only: [pattern] });
      expect(outcome).to.throw(ConnectorError).with.property('code', 'RS_CONFIG_INVALID');
      expect(outcome).to.throw(ConnectorError).with.nested.property('details.step', pattern);
      expect(outcome)
        .to.throw(ConnectorError)
        .with.property('action')
        .that.matches(/staging:put|Did you mean/);
    });
  }

  it('end when the time for the check is over: the one that waits fails, the others are skipped', async () => {
    const limit = new AbortController();
    const steps = await run(
      [
        task('copy', [], async () => {
          limit.abort();
          throw limit.signal.reason;
        }),
        task('tls', [], found({}), ['copy']),
      ],
      { limit: limit.signal },
    );
    expect(told(steps)).to.deep.equal([
      ['copy', 'fail', undefined],
      ['tls', 'skipped', 'the time for the check is over'],
    ]);
    expect(steps[0]?.error).to.include({ code: 'RS_TIMEOUT', category: 'transient' });
    expect(steps[0]?.error).to.not.have.property('said');
  });

  it('quote nobody where the answer had no words', async () => {
    const cause = new Error('UnknownError');
    const steps = await run([
      task('a', [], () => Promise.reject(new ConnectorError('RS_STAGING_DENIED', 'S3 refused it', { cause }))),
    ]);
    expect(steps[0]?.error).to.not.have.property('said');
  });

  it('report a defect of ours as one, without its text', async () => {
    const steps = await run([
      task('a', [], () => Promise.reject(new TypeError('canary'))),
      task('b', [], () => Promise.reject('canary')),
    ]);
    expect(steps.map(({ error }) => error?.code)).to.deep.equal(['RS_INTERNAL', 'RS_INTERNAL']);
    expect(steps[0]?.error?.message).to.match(/TypeError/);
    expect(JSON.stringify(steps)).to.not.include('canary');
  });

  it("end with the signal's reason, and with nothing else, once nothing runs any more", async () => {
    const controller = new AbortController();
    let running = 0;
    const work = async (): Promise<Finding> => {
      running += 1;
      controller.abort('enough');
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      throw new Error('aborted');
    };
    const heard: CheckStep[] = [];
    const outcome = run(
      [task('a', [], work), task('b', [], work), task('c', ['a'])],
      { onStep: (step) => heard.push(step) },
      controller.signal,
    );
    expect(await outcome.catch((error: unknown) => error)).to.equal('enough');
    expect(running).to.equal(0);
    expect(heard).to.deep.equal([]);
  });
});
