import { expect } from 'chai';
import { describeStep } from '../../src/cli/check-screen.ts';
import { describeDiscovery } from '../../src/cli/discover.ts';
import { describeFailure } from '../../src/cli/failure.ts';
import { formatJson, formatTable } from '../../src/cli/format.ts';
import { describeHop } from '../../src/cli/output.ts';
import { describeReport } from '../../src/cli/policies-verify.ts';
import { ConnectorError } from '../../src/core/errors.ts';

/** Clears a screen, sets a title, uses a C1 introducer, returns to the begin of a line, turns the direction. */
const HOSTILE = 'x\u001b[2Jy\u001b]0;title\u0007\u009b31mz\rrefused\u202egnp.exe\u2066';
/** What our own colours are made of; nothing else may be left. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for these very characters
const OWN_COLOURS = /\u001b\[(?:1|2|3[0-9]|22|39)m/g; // oxlint-disable-line no-control-regex

function expectHarmless(text: string): void {
  expect(text.replace(OWN_COLOURS, '')).not.to.match(/[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069]/u);
}

describe('texts of a hostile server on a terminal', () => {
  for (const [title, lines] of [
    [
      'a failure, its facts and issues',
      describeFailure(
        new ConnectorError('RS_CONFIG_INVALID', `${HOSTILE}\nsecond`, {
          action: HOSTILE,
          details: { table: HOSTILE, callerStatement: HOSTILE },
          issues: [{ path: HOSTILE, message: HOSTILE, action: HOSTILE }],
        }),
      ),
    ],
    ['a failure of another kind', describeFailure(new Error(HOSTILE))],
    [
      'a step of a check',
      describeStep({
        id: 'session',
        title: 'Open a session',
        verdict: 'fail',
        evidence: HOSTILE,
        because: HOSTILE,
        durationMs: 1,
        error: { code: 'RS_SQL_FAILED', category: 'internal', message: HOSTILE, action: HOSTILE },
      }),
    ],
    ['a hop', [describeHop({ type: 'hop', hop: 'role', principal: HOSTILE, source: HOSTILE, note: HOSTILE })]],
    ['a name in a list', [describeDiscovery({ kind: 'schemas', schemas: [{ name: HOSTILE, kind: 'local' }] })]],
    ['a cell of a table', [formatTable([HOSTILE], [[HOSTILE]])]],
    [
      'a comparison of policies',
      describeReport({
        ok: false,
        missing: (['breaks', 'undecided'] as const).map((effect) => ({
          sid: 'Login',
          holder: HOSTILE,
          kind: 'permissions',
          effect,
          requests: [{ principal: HOSTILE, action: 'sts:AssumeRole', resource: HOSTILE }],
          dependsOn: [HOSTILE],
          statement: { Effect: 'Allow', Resource: HOSTILE },
          reason: HOSTILE,
        })),
        excess: (['permissions', 'trust'] as const).map((kind) => ({
          holder: HOSTILE,
          kind,
          source: HOSTILE,
          sid: HOSTILE,
          example: { principal: HOSTILE, action: HOSTILE, resource: HOSTILE },
          note: HOSTILE,
          dependsOn: [HOSTILE],
        })),
        notGiven: [{ holder: HOSTILE, kind: 'trust' }],
        unread: [{ holder: HOSTILE, policy: HOSTILE }],
        sessionGaps: [
          {
            hop: 'redshift',
            roleArn: HOSTILE,
            sid: 'Login',
            requests: [],
            verdict: 'denied',
            statement: { Effect: 'Allow', Resource: HOSTILE },
          },
        ],
        requests: 1,
      }),
    ],
    ['JSON', [formatJson({ [HOSTILE]: [HOSTILE] })]],
  ] as const) {
    it(`are harmless in ${title}`, () => {
      for (const line of lines) expectHarmless(line);
    });
  }

  it('are whole in JSON', () => {
    const document = { [HOSTILE]: [HOSTILE, 'Größe 東京'] };
    expect(JSON.parse(formatJson(document))).to.deep.equal(document);
  });
});
