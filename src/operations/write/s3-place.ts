import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';

/** An object in S3, or all objects below a key that is empty or ends with a slash. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
}

export function isS3(place: string): boolean {
  return /^s3:/i.test(place);
}

/** Throws RS_CONFIG_INVALID for what is no address of objects. */
export function s3Place(address: string): S3Place {
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.*)$/is.exec(address) ?? [];
  if (bucket === undefined || bucket !== bucket.toLowerCase() || Buffer.byteLength(key) > 1024) {
    throw invalidField(
      'files',
      `${JSON.stringify(address)} is no address of objects in S3`,
      'Write it as s3://bucket/key, or s3://bucket/folder/ for all that lies below.',
    );
  }
  return { bucket, key };
}

export function s3Address({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`;
}

/** Whether a key names a list of files, as UNLOAD and our own reads write them. */
export function isManifest(key: string): boolean {
  return /(?:^|[/_.-])manifest(?:\.json)?$/i.test(key);
}

/**
 * Whether an object below a folder is one of its files: not what the programs that write there keep for themselves, whose
 * names begin with _ or a dot (`_SUCCESS`, `_temporary/`, `_lease.json`), no list of files and no mark of a folder.
 */
export function isFileOf(folder: string, key: string): boolean {
  const names = key.slice(folder.length).split('/');
  return !key.endsWith('/') && !isManifest(key) && names.every((name) => name !== '' && !/^[._]/.test(name));
}

/** A file that a manifest lists. */
export interface ManifestEntry extends S3Place {
  /** What it is to have, where the manifest tells. */
  readonly bytes?: number;
  readonly rows?: number;
}

/**
 * The files that a manifest lists: that of an UNLOAD or a COPY (`entries`), or that of a read of ours (`files`). Throws
 * RS_INPUT_INVALID for a text that is neither.
 */
export function readManifest(text: string, name: string): readonly ManifestEntry[] {
  const refuse = (why: string): ConnectorError =>
    new ConnectorError('RS_INPUT_INVALID', `The manifest ${name} cannot be used: ${why}`, {
      action: 'Name the manifest of an UNLOAD or of a read, or the files themselves.',
      details: { source: name },
    });
  // The documented sample of a verbose manifest is no JSON past its entries: only these are read.
  // https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD_command_examples.html
  const list = /"(?:entries|files)"\s*:\s*(\[\s*\]|\[[\s\S]*?\}\s*\])/.exec(text)?.[1];
  if (list === undefined) throw refuse('it lists no files');
  const entries = parsed(list)?.map((entry) => entryOf(entry));
  if (entries === undefined) throw refuse('it is not valid JSON');
  const places = entries.flatMap((entry) => entry ?? []);
  if (places.length < entries.length) throw refuse('an entry is no object of S3');
  if (new Set(places.map(s3Address)).size < places.length) throw refuse('it lists a file twice');
  return places;
}

function parsed(list: string): readonly unknown[] | undefined {
  try {
    return JSON.parse(list) as readonly unknown[];
  } catch {
    return undefined;
  }
}

function entryOf(entry: unknown): ManifestEntry | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { url, file, bytes, rows, meta } = entry as Readonly<Record<string, unknown>>;
  const address = url ?? file;
  const facts = (meta ?? {}) as Readonly<Record<string, unknown>>;
  const [size, count] = [facts['content_length'] ?? bytes, facts['record_count'] ?? rows];
  if (typeof address !== 'string' || !isS3(address) || address.endsWith('/')) return undefined;
  return {
    ...s3Place(address),
    ...(isCount(size) ? { bytes: size } : {}),
    ...(isCount(count) ? { rows: count } : {}),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
