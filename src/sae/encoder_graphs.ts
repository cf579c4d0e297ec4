/**
 * @file Encoding and decoding as ONNX graphs, by the definitions of `encode.ts`, in float32. Weights are inputs: ONNX Runtime reads them where they
 * lie, and protobuf's limit of 2 GB does not touch them. Leaves out the scaling of inputs and outputs, which is done row by row in float64 outside.
 * n rows; x and reconstruction are those of the scaled input.
 *
 * Encoder: `x` [n, d_in], `W_enc` [d_sae, d_in], `b_enc` [d_sae]; `threshold` [d_sae] for jumprelu; `b_gate`, `r_scale` = exp(r_mag) [d_sae] for
 * gated; `norms` [d_sae] where activations are given in units of the decoder's rows. Out: `acts` [n, d_sae].
 * Decoder: `acts`, `W_dec` [d_sae, d_in], `b_dec` [d_in], `norms` as above. Out: `reconstruction` [n, d_in].
 */

import type { InitialiserSpec } from '../onnx/model.ts';
import { encodeModel, type ModelSpec, type NodeSpec, type ValueSpec } from '../onnx/model.ts';
import type { Sae } from './sae.ts';

const ACTS: ValueSpec = { name: 'acts', type: 'float32', dims: ['n', 'f'] };

function matrixOf(name: string): ValueSpec {
  return { name, type: 'float32', dims: ['f', 'd'] };
}

function vectorOf(name: string, length: string): ValueSpec {
  return { name, type: 'float32', dims: [length] };
}

/** Nodes in the order of calls; values are named by what they are. */
interface GraphPen {
  readonly nodes: NodeSpec[];
  readonly inputs: ValueSpec[];
  readonly initialisers: InitialiserSpec[];
}

function scalar(name: string, value: number): InitialiserSpec {
  return { name, type: 'float32', dims: [], data: Float32Array.of(value) };
}

/** @param dSae of the dictionary, which `topk` cannot pass */
export function encoderModel(sae: Sae): Uint8Array {
  const pen: GraphPen = {
    nodes: [],
    inputs: [{ name: 'x', type: 'float32', dims: ['n', 'd'] }, matrixOf('W_enc'), vectorOf('b_enc', 'f')],
    initialisers: [scalar('zero', 0)],
  };
  const { nodes, inputs } = pen;
  const product = (bias: readonly string[], output: string): void => {
    nodes.push({
      op: 'Gemm',
      inputs: ['x', 'W_enc', ...bias],
      outputs: [output],
      attributes: { transB: { int: 1 } },
    });
  };
  if (sae.rescaleActsByDecoderNorm) inputs.push(vectorOf('norms', 'f'));
  switch (sae.architecture) {
    case 'standard':
      product(['b_enc'], 'pre');
      rectify(nodes, 'pre', 'rectified');
      inUnitsOfRows(sae, nodes, 'rectified', 'acts');
      break;
    case 'jumprelu':
      inputs.push(vectorOf('threshold', 'f'));
      product(['b_enc'], 'pre');
      nodes.push({ op: 'Greater', inputs: ['pre', 'threshold'], outputs: ['is_open'] });
      rectify(nodes, 'pre', 'rectified');
      throughGate(sae, nodes);
      break;
    case 'gated':
      inputs.push(vectorOf('b_gate', 'f'), vectorOf('r_scale', 'f'));
      product([], 'projected');
      nodes.push(
        { op: 'Add', inputs: ['projected', 'b_gate'], outputs: ['gate'] },
        { op: 'Greater', inputs: ['gate', 'zero'], outputs: ['is_open'] },
        { op: 'Mul', inputs: ['projected', 'r_scale'], outputs: ['scaled'] },
        { op: 'Add', inputs: ['scaled', 'b_enc'], outputs: ['pre'] },
      );
      rectify(nodes, 'pre', 'rectified');
      throughGate(sae, nodes);
      break;
    case 'topk':
      product(['b_enc'], 'projected');
      inUnitsOfRows(sae, nodes, 'projected', 'pre');
      keepLargest(pen, Math.min(sae.k ?? sae.dSae, sae.dSae));
      break;
  }
  return encodeModel({ ...pen, outputs: [ACTS] });
}

/** max(0, value), which lets NaN through, as `Relu` does not promise to. */
function rectify(nodes: NodeSpec[], value: string, output: string): void {
  nodes.push(
    { op: 'LessOrEqual', inputs: [value, 'zero'], outputs: [`${value}_is_off`] },
    { op: 'Where', inputs: [`${value}_is_off`, 'zero', value], outputs: [output] },
  );
}

function inUnitsOfRows(
  { rescaleActsByDecoderNorm }: Sae,
  nodes: NodeSpec[],
  value: string,
  output: string,
): void {
  nodes.push(
    rescaleActsByDecoderNorm
      ? { op: 'Mul', inputs: [value, 'norms'], outputs: [output] }
      : { op: 'Identity', inputs: [value], outputs: [output] },
  );
}

/** What is shut is 0, whatever stands behind it. */
function throughGate(sae: Sae, nodes: NodeSpec[]): void {
  inUnitsOfRows(sae, nodes, 'rectified', 'in_units');
  nodes.push({ op: 'Where', inputs: ['is_open', 'in_units', 'zero'], outputs: ['acts'] });
}

/** ONNX's TopK gives ties to the lower index; a NaN is made the smallest for it. */
function keepLargest({ nodes, initialisers }: GraphPen, k: number): void {
  initialisers.push(scalar('lowest', Number.NEGATIVE_INFINITY), {
    name: 'k',
    type: 'int64',
    dims: [1],
    data: BigInt64Array.of(BigInt(k)),
  });
  nodes.push(
    { op: 'IsNaN', inputs: ['pre'], outputs: ['is_nan'] },
    { op: 'Where', inputs: ['is_nan', 'lowest', 'pre'], outputs: ['ranked'] },
    { op: 'TopK', inputs: ['ranked', 'k'], outputs: ['kept_values', 'kept'] },
    { op: 'GatherElements', inputs: ['pre', 'kept'], outputs: ['largest'], attributes: { axis: { int: 1 } } },
  );
  rectify(nodes, 'largest', 'rectified');
  nodes.push(
    { op: 'Shape', inputs: ['pre'], outputs: ['shape'] },
    { op: 'ConstantOfShape', inputs: ['shape'], outputs: ['zeros'] },
    {
      op: 'ScatterElements',
      inputs: ['zeros', 'kept', 'rectified'],
      outputs: ['acts'],
      attributes: { axis: { int: 1 } },
    },
  );
}

export function decoderModel({ rescaleActsByDecoderNorm }: Sae): Uint8Array {
  const inputs: ValueSpec[] = [ACTS, matrixOf('W_dec'), vectorOf('b_dec', 'd')];
  const nodes: NodeSpec[] = [];
  if (rescaleActsByDecoderNorm) {
    inputs.push(vectorOf('norms', 'f'));
    nodes.push(
      { op: 'Div', inputs: ['acts', 'norms'], outputs: ['quotients'] },
      { op: 'Equal', inputs: ['acts', 'zero'], outputs: ['is_off'] },
      // A row of norm 0 is off at every token; 0 / 0 would spread over the whole reconstruction.
      { op: 'Where', inputs: ['is_off', 'zero', 'quotients'], outputs: ['weights'] },
    );
  }
  const weights = rescaleActsByDecoderNorm ? 'weights' : 'acts';
  nodes.push({ op: 'Gemm', inputs: [weights, 'W_dec', 'b_dec'], outputs: ['reconstruction'] });
  const model: ModelSpec = {
    nodes,
    inputs,
    outputs: [{ name: 'reconstruction', type: 'float32', dims: ['n', 'd'] }],
    initialisers: rescaleActsByDecoderNorm ? [scalar('zero', 0)] : [],
  };
  return encodeModel(model);
}
