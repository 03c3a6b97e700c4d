import { ConnectorError } from '../../core/errors.ts';
import type { StagingArea } from '../../staging/staging-area.ts';

/** A file that UNLOAD wrote. */
export interface UnloadedFile {
  /** Name inside the staging folder. */
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
}

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** The files of an UNLOAD that has ended; none where it wrote no manifest. */
export async function readUnloadManifest(area: StagingArea, folder: string): Promise<readonly UnloadedFile[]> {
  const name = `${folder}manifest`;
  const size = await area.size(name);
  if (size === undefined) return [];
  if (size > MAX_MANIFEST_BYTES) throw invalid('it is too large');
  const text = (await area.read(name)).toString('utf8');
  return parseUnloadManifest(text, area.url(folder)).map(({ name: own, ...facts }) => ({
    name: `${folder}${own}`,
    ...facts,
  }));
}

/**
 * The entries of a verbose manifest; names are what follows the prefix. Throws RS_COUNT_MISMATCH for one that is not
 * whole, and for an entry outside of the prefix.
 */
export function parseUnloadManifest(text: string, prefixUrl: string): readonly UnloadedFile[] {
  // The documented sample of a verbose manifest is no JSON past its entries: only these are read.
  // https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD_command_examples.html
  const entries = /"entries"\s*:\s*(\[\s*\]|\[[\s\S]*?\}\s*\])/.exec(text)?.[1];
  if (entries === undefined) throw invalid('it has no entries');
  const files = (parseJson(entries) as readonly unknown[]).map((entry) => parseEntry(entry, prefixUrl));
  if (new Set(files.map(({ name }) => name)).size < files.length) throw invalid('it lists a file twice');
  return files;
}

function parseEntry(entry: unknown, prefixUrl: string): UnloadedFile {
  const { url, meta } = (entry ?? {}) as { readonly url?: unknown; readonly meta?: Readonly<Record<string, unknown>> };
  const bytes = meta?.['content_length'];
  const rows = meta?.['record_count'];
  if (typeof url !== 'string' || !isCount(bytes) || !isCount(rows)) {
    throw invalid('an entry lacks its address, size or row count');
  }
  const name = url.slice(prefixUrl.length);
  if (!url.startsWith(prefixUrl) || !FILE_NAME.test(name)) throw invalid('an entry lies outside of the prefix');
  return { name, bytes, rows };
}

/** UNLOAD names files like 0000_part_00.parquet; nothing else is asked for, not to speak of `..`. */
const FILE_NAME = /^\w[\w.-]*$/;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('it is not valid JSON', cause);
  }
}

function invalid(why: string, cause?: unknown): ConnectorError {
  return new ConnectorError('RS_COUNT_MISMATCH', `The manifest of the unloaded files cannot be used: ${why}`, {
    action: 'Read again; if it happens twice, read in direct mode and report it.',
    ...(cause === undefined ? {} : { cause }),
  });
}
