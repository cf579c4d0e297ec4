/**
 * @file The only door to `onnxruntime-node`. From 1.29 on its official Linux and macOS builds report usage to their maker and keep a device id
 * under the home folder, unless `ORT_DISABLE_TELEMETRY` is set before the native library starts (microsoft/onnxruntime#27379, #29843).
 * antipode sends nothing anywhere, so it is set here, first. On Windows the library uses the system's own event tracing, which this
 * variable does not reach.
 */

export type OnnxRuntime = typeof import('onnxruntime-node');

/**
 * Has to run on the main thread before a worker loads the library: a worker's `process.env` is a copy that native code does not see.
 */
export function refuseTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}

export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  refuseTelemetry();
  return import('onnxruntime-node');
}
