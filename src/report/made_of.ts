/** @file What a run was made of, from the manifests that its stages left: files with size and SHA-256, and where the same bytes can be had again. Times are not among it. */

import { type DisplayTable, formatCount, left, right } from './display.ts';

/** Of one file; a manifest of other contents gives fewer. */
interface MadeOf {
  readonly role: string;
  readonly of: string;
  readonly file: string;
  readonly bytes: number | undefined;
  readonly sha256: string;
  readonly from: string;
}

/**
 * @param manifest text of the manifest of `antipode geometry` or of the statistics stage
 * @param plan text of `steering.json`, where replies were steered
 */
export function madeOfTable(manifest: string, plan: string | undefined): DisplayTable {
  const files = [...inputsOf(manifest), ...(plan === undefined ? [] : modelOf(plan))];
  return {
    title: 'Files that this was made of',
    columns: [left('What'), left('Of'), left('File'), right('Bytes'), left('SHA-256'), left('From')],
    rows: files.map(({ bytes, file, from, of, role, sha256 }) => [
      role,
      of,
      file,
      bytes === undefined ? '' : formatCount(bytes),
      sha256,
      from,
    ]),
    notes: [
      'Every file of the run is listed with its SHA-256 in the manifest of its folder; the manifest beside this report has the command, and alone tells the time.',
    ],
  };
}

function inputsOf(manifest: string): MadeOf[] {
  const { inputs } = objectOf(manifest);
  if (!Array.isArray(inputs)) return [];
  return inputs.map((input: Record<string, unknown>) => ({
    role: textOf(input['role']),
    of: textOf(input['sae']),
    file: textOf(input['file']),
    bytes: typeof input['bytes'] === 'number' ? input['bytes'] : undefined,
    sha256: textOf(input['sha256']),
    from: input['repo_id'] === undefined ? '' : `${textOf(input['repo_id'])} at ${textOf(input['commit'])}`,
  }));
}

/** A model is one fingerprint of all its files. */
function modelOf(plan: string): MadeOf[] {
  const model = objectOf(plan)['model'] as Record<string, unknown> | undefined;
  if (model === undefined) return [];
  return [
    {
      role: 'model',
      of: textOf(model['ref']),
      file: `all, as ${textOf(model['precision'])} on ${textOf(model['device'])}`,
      bytes: undefined,
      sha256: textOf(model['fingerprint']),
      from: model['commit'] === undefined ? '' : `${textOf(model['ref'])} at ${textOf(model['commit'])}`,
    },
  ];
}

function objectOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
