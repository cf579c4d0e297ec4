import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { MAX_DESCRIPTION, type RecordResult, recordsOf } from './export_record.ts';

const source = { modelId: 'gemma-2-2b', layer: '20-gemmascope-res-16k' };

function reason(value: unknown, known = {}): string {
  const [result] = recordsOf(value, known);
  return result && 'skipped' in result ? result.skipped : 'taken';
}

function explanation(row: object): unknown {
  const [result] = recordsOf({ ...source, index: '1', description: 'x', ...row });
  return result && 'rows' in result ? result.rows.explanations[0] : result;
}

describe('recordsOf', () => {
  it('takes an explanation row and drops what it does not know', () => {
    const row = {
      id: 'i',
      embedding: [1],
      umap_x: 3,
      authorId: 'a',
      explanationModelName: 'm',
      typeName: 't',
    };
    expect(recordsOf({ ...source, index: '353', description: ' a text\n', ...row })).toEqual([
      {
        rows: {
          modelId: 'gemma-2-2b',
          sourceId: '20-gemmascope-res-16k',
          features: [],
          explanations: [
            {
              feature: 353,
              description: 'a text',
              explainer: 'm',
              typeName: 't',
              authorId: 'a',
              createdAt: null,
            },
          ],
        },
      },
    ]);
  });

  it.each([
    ['2024-08-10T13:32:21.105Z', '2024-08-10T13:32:21.105Z'],
    ['2024-08-10 13:32:21.1', '2024-08-10T13:32:21.100Z'],
    ['2024-08-10 13:32:21+00', '2024-08-10T13:32:21.000Z'],
    ['2024-08-10T23:30:00-02:00', '2024-08-11T01:30:00.000Z'],
    ['yesterday', null],
    ['2024-13-45T99:99:99Z', null],
    [1723296741105, null],
  ])('reads the time %j as UTC whatever the zone of the machine', (createdAt, expected) => {
    expect(explanation({ createdAt })).toMatchObject({ createdAt: expected });
  });

  it('keeps feature 0 and a density of 0', () => {
    expect(recordsOf({ ...source, index: 0, frac_nonzero: 0, maxActApprox: 0 })).toMatchObject([
      { rows: { features: [{ feature: 0, fracNonzero: 0, maxAct: 0 }] } },
    ]);
  });

  it('drops a density or a maximum that cannot be one, and keeps the other', () => {
    expect(recordsOf({ ...source, index: 1, frac_nonzero: 1.5, maxActApprox: 7 })).toMatchObject([
      { rows: { features: [{ fracNonzero: null, maxAct: 7 }] } },
    ]);
  });

  it.each([
    [null, 'not an object (got nothing)'],
    [[1], 'not an object (got a list)'],
    ['text', 'not an object (got string)'],
    [{ ...source, index: '007', description: 'x' }, 'index is "007", expected a whole number'],
    [{ ...source, index: 2 ** 31, description: 'x' }, 'index is 2147483648, expected a whole number'],
    [{ ...source, description: 'x' }, 'index is nothing, expected a whole number'],
    [{ ...source, index: 1, description: '  ' }, 'description is empty'],
    [{ ...source, index: 1, description: 5 }, 'description is 5, expected text'],
    [{ ...source, index: 1 }, 'neither an explanation nor a density nor a maximal activation'],
    [{ index: 1, description: 'x' }, 'names no model (--model gives one)'],
    [{ modelId: 'm', index: 1, description: 'x' }, 'names no source (--source gives one)'],
    [{ modelId: '../etc', layer: '20-a', index: 1 }, 'modelId is "../etc", expected a name'],
    [{ modelId: 'm', layer: '20/a', index: 1 }, 'layer is "20/a", expected a source id'],
    [{ modelId: 'm', layer: '.', index: 1 }, 'layer is ".", expected a source id'],
  ])('%j is skipped with a reason', (value, expected) => {
    expect(reason(value)).toBe(expected);
  });

  it('refuses an endless description', () => {
    expect(reason({ ...source, index: 1, description: 'x'.repeat(MAX_DESCRIPTION + 1) })).toMatch(
      /10001 characters/,
    );
    expect(reason({ ...source, index: 1, description: 'x'.repeat(MAX_DESCRIPTION) })).toBe('taken');
  });

  it('names the source of rows that do not, and lets rows that do win', () => {
    const known = { modelId: 'm', sourceId: '5-s', layer: 5 };
    expect(recordsOf({ index: 1, description: 'x' }, known)).toMatchObject([
      { rows: { modelId: 'm', sourceId: '5-s' } },
    ]);
    expect(recordsOf({ ...source, index: 1, description: 'x' }, known)).toMatchObject([
      { rows: { sourceId: '20-gemmascope-res-16k' } },
    ]);
  });

  it('holds a label against its address', () => {
    const neuronpedia_url = 'https://neuronpedia.org/gemma-2-2b/17-gemmascope-res-65k/7';
    expect(reason({ 6: { description: 'x', neuronpedia_url } })).toBe('label 6: its address is of feature 7');
    expect(reason({ 6: { description: 'x' } })).toBe('label 6: names no model (--model gives one)');
    expect(reason({ 6: 3 })).toBe('label 6 is number, expected an object');
  });

  it('says which entry of a dashboard batch is unusable', () => {
    const batch = { model_id: 'gpt2-small', layer: 0, sae_set: 'res-jb' };
    const features = [{ feature_index: 1, frac_nonzero: 0.5 }, { feature_index: 'x' }, { feature_index: 2 }];
    const results = recordsOf({ ...batch, features });
    expect(results.map((result) => ('skipped' in result ? result.skipped : 'taken'))).toEqual([
      'taken',
      'features[1] has no feature_index',
      'features[2] has neither a density nor activations',
    ]);
  });

  it('any JSON value gives rows in range or reasons', () => {
    const key = fc.constantFrom(
      'modelId',
      'layer',
      'index',
      'description',
      'explanations',
      'features',
      'frac_nonzero',
      'maxActApprox',
      'feature_index',
      'activations',
      'values',
      'createdAt',
      '7',
      'model_id',
      'sae_set',
      'neuronpedia_url',
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, 1, -1, 1e300, 0.5, '', '1', 'a', 'a/b', '20-x'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      ),
    }));
    const check = (result: RecordResult): void => {
      if ('skipped' in result) {
        expect(result.skipped).not.toBe('');
        return;
      }
      const { modelId, sourceId, explanations, features } = result.rows;
      expect(`${modelId}/${sourceId}`).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(explanations.length + features.length).toBeGreaterThan(0);
      for (const { feature } of [...explanations, ...features]) expect(feature).toBeGreaterThanOrEqual(0);
      for (const { fracNonzero } of features) expect(fracNonzero ?? 0).toBeLessThanOrEqual(1);
    };
    fc.assert(
      fc.property(value, (input) => recordsOf(input, { modelId: 'm', sourceId: 's' }).forEach(check)),
      {
        numRuns: runs(1000),
      },
    );
  });
});
