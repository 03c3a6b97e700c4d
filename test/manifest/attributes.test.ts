import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ConnectorError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/core/redshift-limits.ts';
import { integerAttribute } from '../../src/manifest/attributes.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';

const NUMBERS = Object.entries(MANIFEST.operations).flatMap(([operation, { attributes }]) =>
  Object.entries(attributes)
    .filter(([, { type, default: byDefault }]) => type === 'integer' && byDefault !== undefined)
    .map(([key, descriptor]) => ({ operation, key, ...descriptor })),
);

const source = readdirSync(new URL('../../src/operations/', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(new URL(`../../src/operations/${path}`, import.meta.url), 'utf8'))
  .join('\n');

function refusalOf(operation: string, key: string, given: number): ConnectorError {
  try {
    integerAttribute(operation, key, given);
  } catch (error) {
    return error as ConnectorError;
  }
  throw new Error(`${given} was accepted`);
}

describe('a number that an operation takes', () => {
  it('is declared for each operation that has one', () => {
    expect(NUMBERS.map(({ operation, key }) => `${operation}.${key}`)).to.deep.equal([
      'preview.limit',
      'call.limit',
      'read.partitionCount',
      'read.partitionSessions',
      'read.batchRows',
      'write.rejectLimit',
      'write.insertRowLimit',
      'write.ledgerRetentionDays',
      'write.spoolMib',
      'write.lockTimeoutSeconds',
      'write.settleTimeoutSeconds',
      'write.conflictAttempts',
    ]);
  });

  for (const { operation, key, title, default: byDefault, minimum = 0, maximum = 0 } of NUMBERS) {
    it(`${operation}.${key} has its default and bounds from connector.json`, () => {
      expect(source, 'the operation asks the manifest').to.include(`integerAttribute('${operation}', '${key}',`);
      expect(integerAttribute(operation, key, undefined)).to.equal(byDefault);
      expect(integerAttribute(operation, key, maximum)).to.equal(maximum);
      for (const given of [minimum - 1, maximum + 1, minimum + 0.5, Number.NaN]) {
        const refusal = refusalOf(operation, key, given);
        expect(refusal.code).to.equal('RS_CONFIG_INVALID');
        expect(refusal.message).to.match(new RegExp(`^${title} must be `));
        expect(refusal.issues).to.have.length(1);
        expect(refusal.issues[0]).to.include({ path: key });
      }
    });
  }

  it('is an internal error where nothing is declared', () => {
    expect(refusalOf('read', 'rows', 1).code).to.equal('RS_INTERNAL');
  });

  it('keeps the reject limit within what COPY can count', () => {
    expect(MANIFEST.operations['write']?.attributes['rejectLimit']?.maximum).to.equal(LIMITS.maxErrors - 1);
  });
});
