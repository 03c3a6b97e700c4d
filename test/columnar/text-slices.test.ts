import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { sliceText } from '../../src/columnar/text-slices.ts';
import { ConnectorError } from '../../src/core/errors.ts';

describe('Cutting a text file', () => {
  it('says so where the disk is full, or takes no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-test-'));
    const source = join(folder, 'rows.csv');
    await writeFile(source, 'id\n1\n');
    const cut = async (path: string): Promise<unknown> => {
      const options = { rule: 'quoted', compression: 'none', sliceBytes: () => 3, maxRecordBytes: 100 } as const;
      try {
        for await (const _ of sliceText(source, path, { ...options, signal: AbortSignal.timeout(5000) }));
        return undefined;
      } catch (error) {
        return error;
      }
    };
    for (const [path, says] of [
      ['/dev/full', 'A part of the input cannot be written: the disk is full'],
      [join(folder, 'none', 'slice'), 'A part of the input cannot be written: there is no such folder'],
    ] as const) {
      const error = await cut(path);
      expect(error).to.be.instanceOf(ConnectorError);
      expect(error).to.include({ code: 'RS_CONFIG_INVALID', message: says });
    }
    await rm(folder, { recursive: true });
  });
});
