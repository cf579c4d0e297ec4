import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { planText, type SteeringPlan } from './steering_plan.ts';
import { parseSteeringPlan } from './stored_plan.ts';

const plan: SteeringPlan = {
  schema: 'antipode-steering',
  schema_version: 1,
  title: null,
  versions: { antipode: '0.1.0' },
  model: { ref: 'm', fingerprint: 'f', precision: 'f32', device: 'cpu', threads: null },
  sae: { ref: 's', label: 's', neuronpedia_id: null, d_sae: 4, layer: 0, place: 'resid.0' },
  poles: {
    concept: null,
    catalogue: null,
    a: { name: 'Happy', features: [1] },
    b: { name: 'Sad', features: [2] },
  },
  prompts: [{ text: 'Hi', tokens: [2, 3] }],
  chat: false,
  system: null,
  method: 'add',
  unit: 'absolute',
  strength: 1,
  factors: [1],
  positions: 'all',
  mean_norm: null,
  arms: [
    { name: 'control', kind: 'control', parts: [], factor: 1, length: 0, coefficients: [], sha256: null },
  ],
  sampling: { temperature: 1, top_k: null, top_p: null, repetition_penalty: null },
  max_new_tokens: 8,
  stops: [],
  replies: 1,
  examples: 0,
  seed: 0,
  batch_rows: 32,
};
const text = planText(plan);

describe('a stored plan', () => {
  it('comes back as it was written', () => {
    expect(parseSteeringPlan(text, 'run/steering.json')).toEqual(plan);
  });

  it('that was edited is refused by the place of the fault', () => {
    const edited = { ...plan, sae: { ...plan.sae, place: 'mlp.3' } };
    expect(() => parseSteeringPlan(JSON.stringify(edited), 'run/steering.json')).toThrow(
      /^run\/steering\.json: is not the plan of a steering run \(sae\.place: /,
    );
    expect(() => parseSteeringPlan('[]', 'p')).toThrow(/^p: is not the plan of a steering run \(/);
  });

  it('cut at any byte, or of random bytes, is a sentence', () => {
    const isSentence = (broken: string): void => {
      try {
        parseSteeringPlan(broken, 'p');
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
        return;
      }
      expect(JSON.parse(broken)).toEqual(plan);
    };
    for (let cut = 0; cut < text.length; cut++) isSentence(text.slice(0, cut));
    fc.assert(fc.property(fc.json(), isSentence));
  });
});
