import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenIssuer } from '../web-identity.ts';
import type { WorldInstance } from '../world.ts';

/** Token files of a world's pods. A pod's file is replaced whole, as the kubelet does, by `renew`. */
export interface TokenFiles {
  pathOf(instance: WorldInstance): string;
  renew(): void;
}

export function createTokenFiles(folder: string, issuer: TokenIssuer, instances: readonly WorldInstance[]): TokenFiles {
  const pods = instances.filter(({ kind }) => kind === 'pod');
  if (pods.length > 0) mkdirSync(folder, { mode: 0o700 });
  const pathOf = ({ name }: WorldInstance): string => join(folder, name);
  const renew = (): void => {
    for (const pod of pods) {
      const token = issuer.issue(`system:serviceaccount:${pod.serviceAccount ?? `default:${pod.name}`}`);
      writeFileSync(`${pathOf(pod)}.new`, token, { mode: 0o600 });
      renameSync(`${pathOf(pod)}.new`, pathOf(pod));
    }
  };
  renew();
  return { pathOf, renew };
}
