import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Bucket } from '../../src/staging/bucket.ts';
import { download } from '../../src/staging/download.ts';

/** A bucket whose objects have no end. */
function endless(): { readonly bucket: Bucket; readonly taken: () => number } {
  let chunks = 0;
  function* body(): Generator<Buffer> {
    for (;;) {
      chunks += 1;
      yield Buffer.alloc(1024);
    }
  }
  const bucket = {
    open: () => Promise.resolve(Readable.from(body())),
    classify: (cause: unknown) => cause,
  } as unknown as Bucket;
  return { bucket, taken: () => chunks };
}

describe('a download', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-download-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('ends where an object is larger than it was said to be, before the disk is full', async () => {
    const { bucket, taken } = endless();
    const path = join(folder, 'file');
    const init = {
      bucket,
      key: 'k',
      signal: AbortSignal.timeout(5_000),
      maxBytes: 4_000,
      onSuppressed: () => undefined,
    };
    const failure: unknown = await download(init, path).catch((error: unknown) => error);
    expect(failure).to.deep.include({ code: 'RS_COUNT_MISMATCH', details: { expectedBytes: 4_000 } });
    expect((await readFile(path)).length).to.be.at.most(4_000);
    expect(taken()).to.be.lessThan(200);
  });
});
