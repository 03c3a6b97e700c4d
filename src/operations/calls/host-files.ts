import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConnectorError } from '../../core/errors.ts';
import type { HostPolicy } from '../../manifest/host-policy.ts';
import { realPathUnder } from '../../manifest/references.ts';
import type { FileDestination } from '../export/file-destination.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';

/** Under a host, a file to load lies under the policy's file roots, links followed. */
export function inputUnderFileRoots(input: WriteInput, policy: HostPolicy | undefined): WriteInput {
  if (policy === undefined) return input;
  // What lies in S3 is judged when it is found: a list of files may name places of its own.
  const located = <T>(file: T): T | string =>
    typeof file !== 'string' || /^s3:/i.test(file) ? file : underRoots(file, 'the file to load', policy);
  if ('file' in input) return { ...input, file: located(input.file) };
  if ('files' in input) return { ...input, files: input.files.map(located) };
  return 'rejects' in input ? { rejects: underRoots(input.rejects, 'the file to load', policy) } : input;
}

/** The same for the reject file, whose folder is there before it is. */
export function rejectsUnderFileRoots(spec: WriteSpec, policy: HostPolicy | undefined): WriteSpec {
  if (policy === undefined || spec.rejectFile === undefined) return spec;
  const folder = underRoots(dirname(spec.rejectFile), 'the reject file', policy);
  return { ...spec, rejectFile: join(folder, basename(spec.rejectFile)) };
}

function underRoots(path: string, what: string, { fileRoots = [] }: HostPolicy): string {
  const located = realPathUnder(path, fileRoots);
  if ('path' in located) return located.path;
  // One answer for "absent" and "outside", and no cause: whoever names the file must not find out what the host has.
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', `The host does not allow ${what}`, {
    action: 'Name a file in a folder that the host allows.',
  });
}

/** Under a host, files are written into folders under the policy's file roots, links followed. */
export function outputUnderFileRoots(to: FileDestination['to'], policy: HostPolicy | undefined): FileDestination['to'] {
  if (policy === undefined || typeof to !== 'string' || /^s3:/i.test(to)) return to;
  const located = realPathUnder(dirname(to), policy.fileRoots ?? []);
  if ('path' in located && lstatSync(to, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
    return join(located.path, basename(to));
  }
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'The host does not allow the file to write', {
    action: 'Name a file in a folder that the host allows.',
  });
}
