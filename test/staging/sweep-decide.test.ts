import { expect } from 'chai';
import { LEASE_MS, type Lease, readLease, renderLease } from '../../src/staging/lease.ts';
import { type FoundFolder, judgeFolder } from '../../src/staging/sweep-decide.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-24T12:00:00Z');
const leaseOf = (renewedAt: number): Lease => ({ runId: 'r', renewedAt, expiresAt: renewedAt + LEASE_MS });
const LEFT: FoundFolder = {
  name: `run-2026-11-20-${'0a'.repeat(12)}`,
  youngestMs: NOW - 30 * HOUR,
  lease: leaseOf(NOW - 30 * HOUR),
};

describe('the janitor decides about a folder', () => {
  for (const [title, folder, verdict, reason] of [
    ['goes where its run is gone', {}, 'sweep', 'its run has been gone for 30 hours'],
    ['stays under another name', { name: 'archive' }, 'keep', 'its name is not one that a run gives'],
    ['stays under a name that is nearly ours', { name: 'run-2026-11-20-0a0a' }, 'keep', 'its name is not'],
    ['stays without a lease', { lease: undefined }, 'keep', 'it has no lease'],
    ['stays with a lease that is not ours', { lease: 'foreign' }, 'keep', 'its lease is not one that a run writes'],
    ['stays while its lease holds', { lease: leaseOf(NOW - HOUR) }, 'keep', 'its lease holds'],
    ['stays while something in it is new', { youngestMs: NOW - HOUR / 2 }, 'keep', 'its lease holds'],
    ['stays while something in it has no time', { youngestMs: Infinity }, 'keep', 'its lease holds'],
    ['stays where its clock ran ahead', { lease: leaseOf(NOW + HOUR) }, 'keep', 'its lease holds'],
    ['stays until it is old enough', { lease: leaseOf(NOW - 23 * HOUR) }, 'keep', 'gone for 23 hours only'],
  ] as const) {
    it(title, () => {
      const found = judgeFolder({ ...LEFT, ...folder }, 24 * HOUR, NOW);
      expect(found.verdict).to.equal(verdict);
      expect(found.reason).to.include(reason);
    });
  }
});

describe('a lease', () => {
  it('is read back as it was written', () => {
    expect(readLease(renderLease('run "1"', NOW))).to.deep.equal({ ...leaseOf(NOW), runId: 'run "1"' });
  });

  const ours = JSON.parse(renderLease('r', NOW)) as object;
  for (const [title, text] of [
    ['no JSON', 'hello'],
    ['no object', '[]'],
    ['null', 'null'],
    ['another kind', JSON.stringify({ ...ours, kind: 'lease' })],
    ['another version', JSON.stringify({ ...ours, version: 2 })],
    ['no run id', JSON.stringify({ ...ours, runId: 1 })],
    ['a time that is none', JSON.stringify({ ...ours, expiresAt: 'soon' })],
    ['a time in another form', JSON.stringify({ ...ours, renewedAt: '2026-11-24' })],
    ['another length', JSON.stringify({ ...ours, expiresAt: new Date(NOW + 1).toISOString() })],
  ] as const) {
    it(`is not ours: ${title}`, () => {
      expect(readLease(text)).to.equal(undefined);
    });
  }
});
