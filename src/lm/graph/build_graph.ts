/** @file A config and its weights to a graph. Adding a family is one file beside this one and one case here. */

import type { ModelSpec } from '../../onnx/model.ts';
import type { ModelConfig } from '../config.ts';
import { buildDecoder, type DecoderInputs, decoderInputs, type Family, type GraphHooks } from './decoder.ts';
import { gemma } from './gemma.ts';
import { gptNeoX } from './gpt_neox.ts';
import { gpt2 } from './gpt2.ts';
import { createGraph, type GraphBuilder } from './graph.ts';
import { llama } from './llama.ts';
import type { MakeProducts } from './products.ts';

/** @throws {AntipodeError} `format` where a weight is missing or has another shape than the config says */
export async function buildGraph(
  config: ModelConfig,
  weights: GraphBuilder['weights'],
  makeProducts: MakeProducts,
  hooks: GraphHooks = { editSites: new Set(), patternLayers: new Set() },
): Promise<ModelSpec> {
  const graph = createGraph(weights, makeProducts);
  const inputs = decoderInputs(graph, config, hooks);
  buildDecoder(graph, config, familyOf(graph, config, inputs), hooks);
  return graph.finish();
}

function familyOf(graph: GraphBuilder, config: ModelConfig, inputs: DecoderInputs): Family {
  switch (config.family) {
    case 'gemma':
      return gemma(graph, config, inputs);
    case 'llama':
      return llama(graph, config, inputs);
    case 'gpt2':
      return gpt2(graph, config, inputs);
    case 'gpt_neox':
      return gptNeoX(graph, config, inputs);
  }
}
