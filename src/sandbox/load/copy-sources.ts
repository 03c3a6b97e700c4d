import { type S3Location, s3Location } from './authorization.ts';
import { internalFailure, refuse } from './refusal.ts';
import type { S3Access } from './s3-access.ts';
import type { CopyStatement } from './statement.ts';

/** A file to load. */
export interface CopySource {
  readonly url: string;
  readonly location: S3Location;
  readonly bytes: number;
}

const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;

/** The files that the statement names: by its manifest, or every key under the prefix. */
export async function copySources(statement: CopyStatement, access: S3Access): Promise<CopySource[]> {
  const location = s3Location(statement.source, 'COPY');
  // Listing is asked of the role in both forms.
  const listed = await access.list(location);
  if (statement.manifest) return manifestSources(statement, access, location);
  if (listed.length === 0) {
    throw internalFailure(`The specified S3 prefix '${location.key}' does not exist`, { code: 8001 });
  }
  return listed.map(({ key, size }) => ({
    url: `s3://${location.bucket}/${key}`,
    location: { bucket: location.bucket, key },
    bytes: size,
  }));
}

interface ManifestEntry {
  readonly url: string;
  readonly mandatory: boolean;
  readonly contentLength: number | undefined;
}

async function manifestSources(
  statement: CopyStatement,
  access: S3Access,
  location: S3Location,
): Promise<CopySource[]> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of await access.get(location)) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > MAX_MANIFEST_BYTES) throw internalFailure('Manifest file is too large', { code: 8001 });
    pieces.push(bytes);
  }
  const entries = readManifest(Buffer.concat(pieces).toString('utf8'));
  const sources: CopySource[] = [];
  for (const { url, mandatory, contentLength } of entries) {
    const at = s3Location(url, 'COPY');
    if (at.key === '') throw internalFailure(`Manifest entry must be a full object path: ${url}`, { code: 8001 });
    if (statement.format === 'parquet' && contentLength === undefined) {
      throw internalFailure('Manifest entries of columnar files must have meta.content_length', {
        code: 8001,
        context: url,
      });
    }
    const found = await access.head(at);
    if (found === undefined) {
      if (mandatory) throw missingFile(url);
      continue;
    }
    if (contentLength !== undefined && statement.format === 'parquet' && contentLength !== found.size) {
      throw internalFailure(
        `File size of ${url} is ${found.size}, but the manifest says content_length ${contentLength}`,
        {
          code: 8001,
          context: url,
        },
      );
    }
    sources.push({ url, location: at, bytes: found.size });
  }
  return sources;
}

function missingFile(url: string): Error {
  return internalFailure(`Problem reading manifest file - mandatory file ${url} does not exist`, {
    code: 1212,
    context: url,
  });
}

function readManifest(text: string): ManifestEntry[] {
  const parsed = parseObject(text);
  const entries = parsed?.['entries'];
  if (!Array.isArray(entries)) throw wrongManifest();
  if (entries.length === 0) throw internalFailure('Manifest file has no entries', { code: 8001 });
  return entries.map((entry: unknown) => {
    const { url, mandatory = false, meta } = asObject(entry) ?? {};
    const contentLength = asObject(meta)?.['content_length'];
    if (typeof url !== 'string' || typeof mandatory !== 'boolean') throw wrongManifest();
    if (contentLength !== undefined && typeof contentLength !== 'number') throw wrongManifest();
    return { url, mandatory, contentLength };
  });
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw wrongManifest();
    throw error;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function wrongManifest(): Error {
  return refuse('XX000', 'Manifest file is not in correct json format');
}
