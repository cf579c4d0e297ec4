/** @file A program that runs in a process of its own, and how errors speak of it. */

export interface Program {
  /** The compiled file; it calls `serveCalls`. */
  readonly file: URL;
  /** What its processes do, as in "the process of the model". */
  readonly work: string;
  /** The next step where memory runs out, where a file was cut while it was read, and where it ended for another reason. */
  readonly hints: Readonly<Record<'memory' | 'files' | 'again', string>>;
}

/**
 * A compiled file: beside the importer, or the built copy of one beside it where the importer is a source (as in tests), because Node 20 cannot run
 * TypeScript in another process.
 * @param importer `import.meta.url`
 */
export function compiledFile(path: string, importer: string): URL {
  if (!importer.endsWith('.ts')) return new URL(path, importer);
  const at = importer.lastIndexOf('/src/');
  return new URL(path, `${importer.slice(0, at)}/dist/${importer.slice(at + '/src/'.length)}`);
}
