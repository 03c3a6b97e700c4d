import { createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Segment, WrittenBody } from './files.ts';
import { S3Refusal } from './store.ts';

export interface UploadPart {
  readonly number: number;
  readonly etag: string;
  readonly md5: string;
  readonly size: number;
  readonly lastModified: Date;
  readonly segment: Segment;
}

export interface Upload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly startedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, UploadPart>;
}

const MIN_PART_BYTES = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;

/** Multipart uploads that were begun and neither completed nor aborted. */
export interface UploadRegistry {
  open(bucket: string, key: string, headers: Readonly<Record<string, string>>, now: Date): Upload;
  /** Throws `NoSuchUpload`. */
  find(bucket: string, key: string, id: string): Upload;
  addPart(upload: Upload, number: number, body: WrittenBody, now: Date): Promise<UploadPart>;
  /** Takes the upload out, with the files of the parts the client named; the others are removed. */
  complete(
    upload: Upload,
    wanted: readonly { readonly number: number; readonly etag: string }[],
  ): Promise<{ readonly segments: readonly Segment[]; readonly etag: string }>;
  abort(upload: Upload): Promise<void>;
  list(bucket: string, prefix: string): readonly Upload[];
}

const bare = (etag: string): string => etag.replaceAll('"', '');

function choose(
  upload: Upload,
  wanted: readonly { readonly number: number; readonly etag: string }[],
): readonly UploadPart[] {
  if (wanted.length === 0) {
    throw new S3Refusal(
      'MalformedXML',
      400,
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
  const parts = wanted.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    if (!part || bare(part.etag) !== bare(etag)) {
      throw new S3Refusal(
        'InvalidPart',
        400,
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { PartNumber: String(number) },
      );
    }
    return part;
  });
  if (parts.some((part, at) => at > 0 && part.number <= (parts[at - 1]?.number ?? 0))) {
    throw new S3Refusal(
      'InvalidPartOrder',
      400,
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
    );
  }
  if (parts.slice(0, -1).some(({ size }) => size < MIN_PART_BYTES)) {
    throw new S3Refusal('EntityTooSmall', 400, 'Your proposed upload is smaller than the minimum allowed size');
  }
  return parts;
}

export function createUploadRegistry(): UploadRegistry {
  const uploads = new Map<string, Upload>();
  const deleteParts = async (parts: Iterable<UploadPart>): Promise<void> => {
    for (const { segment } of parts) await rm(segment.path, { force: true });
  };

  return {
    open: (bucket, key, headers, now) => {
      const upload: Upload = {
        id: randomBytes(32).toString('base64url'),
        bucket,
        key,
        startedAt: now,
        headers,
        parts: new Map(),
      };
      uploads.set(upload.id, upload);
      return upload;
    },
    find: (bucket, key, id) => {
      const upload = uploads.get(id);
      if (upload?.bucket === bucket && upload.key === key) return upload;
      throw new S3Refusal(
        'NoSuchUpload',
        404,
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
        { UploadId: id },
      );
    },
    addPart: async (upload, number, { segment, md5, size }, now) => {
      if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS || !uploads.has(upload.id)) {
        await rm(segment.path, { force: true });
        throw new S3Refusal('InvalidArgument', 400, 'Part number must be an integer between 1 and 10000, inclusive');
      }
      const before = upload.parts.get(number);
      const part = { number, etag: `"${md5}"`, md5, size, lastModified: now, segment };
      upload.parts.set(number, part);
      if (before) await deleteParts([before]);
      return part;
    },
    complete: async (upload, wanted) => {
      const parts = choose(upload, wanted);
      uploads.delete(upload.id);
      const chosen = new Set(parts);
      await deleteParts([...upload.parts.values()].filter((part) => !chosen.has(part)));
      const md5 = createHash('md5');
      for (const part of parts) md5.update(Buffer.from(part.md5, 'hex'));
      return { segments: parts.map(({ segment }) => segment), etag: `"${md5.digest('hex')}-${parts.length}"` };
    },
    abort: async (upload) => {
      uploads.delete(upload.id);
      await deleteParts(upload.parts.values());
    },
    list: (bucket, prefix) =>
      [...uploads.values()].filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix)),
  };
}
