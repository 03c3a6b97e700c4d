import { createHash } from 'node:crypto';
import type { StagedFile } from './staged-file.ts';

/** The list that COPY reads, as text, with its digest. */
export interface ManifestText {
  readonly text: string;
  /** SHA-256 in hex: tells two loads apart in the ledger. */
  readonly sha256: string;
}

/**
 * Renders the list of files for COPY. Each is mandatory (COPY skips a missing file in silence otherwise) and carries
 * its size (columnar formats require it). A file listed twice would be loaded twice.
 */
export function renderManifest(files: readonly StagedFile[]): ManifestText {
  const entries = files.map(({ url, bytes }) => ({ url, mandatory: true, meta: { content_length: bytes } }));
  const text = JSON.stringify({ entries });
  return { text, sha256: createHash('sha256').update(text).digest('hex') };
}
