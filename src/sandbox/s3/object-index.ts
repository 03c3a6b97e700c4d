import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { readSegments, type Segment } from './files.ts';
import { compareKeys } from './listing.ts';
import type { ObjectInfo } from './store.ts';

/** An object: what S3 tells of it, and the files that hold it, in order. */
export interface StoredObject extends ObjectInfo {
  readonly segments: readonly Segment[];
}

/** The objects of one bucket. Files are named by chance, so a key never becomes a path. */
export interface ObjectIndex {
  get(key: string): StoredObject | undefined;
  /** In S3's order. */
  keys(): readonly string[];
  /** Puts an object in the place of its key; the files of the one before go once nobody reads them. */
  set(object: StoredObject): Promise<void>;
  remove(key: string): Promise<void>;
  /** Bytes `start` to `end`, inclusive; the files stay until the stream is closed. */
  read(object: StoredObject, start: number, end: number): Readable;
}

const deleteFiles = async ({ segments }: StoredObject): Promise<void> => {
  for (const { path } of segments) await rm(path, { force: true });
};

export function createObjectIndex(onError: (error: unknown) => void): ObjectIndex {
  const objects = new Map<string, StoredObject>();
  const readers = new Map<StoredObject, number>();
  const doomed = new Set<StoredObject>();
  let sorted: readonly string[] | undefined;

  const dismiss = async (object: StoredObject | undefined): Promise<void> => {
    if (!object) return;
    if (readers.has(object)) doomed.add(object);
    else await deleteFiles(object);
  };

  const release = (object: StoredObject): void => {
    const left = (readers.get(object) ?? 1) - 1;
    if (left > 0) {
      readers.set(object, left);
      return;
    }
    readers.delete(object);
    if (doomed.delete(object)) deleteFiles(object).catch(onError);
  };

  return {
    get: (key) => objects.get(key),
    keys: () => {
      sorted ??= [...objects.keys()].sort(compareKeys);
      return sorted;
    },
    set: async (object) => {
      const before = objects.get(object.key);
      if (!before) sorted = undefined;
      objects.set(object.key, object);
      await dismiss(before);
    },
    remove: async (key) => {
      const before = objects.get(key);
      if (objects.delete(key)) sorted = undefined;
      await dismiss(before);
    },
    read: (object, start, end) => {
      readers.set(object, (readers.get(object) ?? 0) + 1);
      const stream = readSegments(object.segments, start, end);
      stream.once('close', () => release(object));
      return stream;
    },
  };
}
