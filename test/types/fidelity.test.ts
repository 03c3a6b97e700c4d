import { expect } from 'chai';
import type { ConnectorError } from '../../src/core/errors.ts';
import { fidelityOf, fidelityReport, type Path, requireFidelity } from '../../src/types/fidelity.ts';
import { requireSupported, type SupportedField } from '../../src/types/field.ts';
import { typeFromName } from '../../src/types/parse-type.ts';
import { stagedFormat, stagedPath } from '../../src/types/staged-format.ts';

function fields(...types: readonly string[]): readonly SupportedField[] {
  return requireSupported(types.map((type, index) => ({ name: `c${index}`, type: typeFromName(type) })));
}

function verdict(type: string, path: Path): string {
  const [field] = fields(type);
  return fidelityOf(field!, path).verdict;
}

describe('the verdict on a column', () => {
  for (const [type, path, expected] of [
    ['real', 'load', 'limited'],
    ['varchar(5)', 'load', 'exact'],
    ['super', 'load', 'limited'],
    ['varbyte(5)', 'load', 'limited'],
    ['interval day to second', 'load', 'limited'],
    ['interval day to second(3)', 'load', 'exact'],
    ['real', 'direct read', 'exact'],
    ['real', 'staged Parquet read', 'exact'],
    ['real', 'staged CSV read', 'lossy'],
    ['double precision', 'staged CSV read', 'lossy'],
    ['super', 'staged CSV read', 'limited'],
    ['geometry', 'staged CSV read', 'exact'],
    ['geometry', 'staged Parquet read', 'limited'],
    ['varbyte(32767)', 'staged Parquet read', 'exact'],
    ['varbyte(32768)', 'staged Parquet read', 'limited'],
    ['super', 'JSON Lines file', 'limited'],
    ['super', 'Parquet file', 'exact'],
    ['timetz', 'CSV file', 'exact'],
  ] as const) {
    it(`of ${type} by ${path} is ${expected}`, () => expect(verdict(type, path)).to.equal(expected));
  }

  it('decides between Parquet and CSV by all columns', () => {
    expect(stagedFormat(fields('int4', 'super', 'varbyte(100)'))).to.equal('parquet');
    expect(stagedFormat(fields('int4', 'hllsketch'))).to.equal('csv');
    expect(stagedPath(fields('int4', 'geography'))).to.equal('staged CSV read');
    expect(stagedPath([])).to.equal('staged Parquet read');
  });

  it('refuses a loss that nobody accepted: which column, why, and what else', () => {
    const lossy = fields('int4', 'real', 'float8', 'geometry');
    expect(fidelityReport(lossy, 'staged CSV read').map((one) => one.verdict)).to.deep.equal([
      'exact',
      'lossy',
      'lossy',
      'exact',
    ]);
    const refusal = (acceptLoss: readonly string[]): ConnectorError | undefined => {
      try {
        requireFidelity(lossy, 'staged CSV read', acceptLoss);
        return undefined;
      } catch (error) {
        return error as ConnectorError;
      }
    };
    expect(refusal([])).to.include({
      code: 'RS_LOSS_REFUSED',
      message:
        'By staged CSV read column "c1" (REAL) (and 1 more) may lose values: UNLOAD may write fewer digits than the number has',
      action: 'Read in direct mode, or accept the loss by naming the column in acceptLoss.',
    });
    expect(refusal(['c1'])?.message).to.contain('column "c2" (DOUBLE PRECISION) may lose');
    expect(refusal(['c1', 'c2'])).to.equal(undefined);
  });
});
