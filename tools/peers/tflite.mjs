// TensorFlow Lite itself (its WebAssembly build), for the scripts here.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const descrs = {
  float32: '<f4', float64: '<f8', int8: '|i1', uint8: '|u1', bool: '|b1', int16: '<i2', int32: '<i4', uint32: '<u4', int64: '<i8',
};

const list = (vector) => Array.from({ length: vector.size() }, (_, i) => vector.get(i));
const shapeOf = (tensor) => (tensor.shape === '' ? [] : tensor.shape.split(',').map(Number));

// A fresh instance of the runtime. `messages` collects what it prints.
export async function loadTflite(messages = []) {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-tflite/package.json')), 'wasm');
  globalThis.self ??= globalThis;  // what a browser's script finds
  const factory = require(join(folder, 'tflite_web_api_cc_simd.js'));
  const note = (text) => (process.env.TFLITE_VERBOSE ? console.error(text) : messages.push(text));
  return factory({ wasmBinary: readFileSync(join(folder, 'tflite_web_api_cc_simd.wasm')), print: note, printErr: note });
}

// An interpreter of the model in `bytes`, with its tensors allocated; throws the runtime's words.
export function interpreter(tflite, bytes) {
  const pointer = tflite._malloc(bytes.length);
  tflite.HEAPU8.set(bytes, pointer);
  const made = tflite.TFLiteWebModelRunner.CreateFromBufferAndOptions(pointer, bytes.length, {
    numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 1,
  });
  if (!made.ok()) throw new Error(made.errorMessage());
  const runner = made.value();
  const inputs = list(runner.GetInputs()).map((tensor) => ({ name: tensor.name, type: tensor.dataType, shape: shapeOf(tensor), tensor }));
  // Outputs [{name, type, shape, data}] for the elements of the inputs; data is a copy.
  const run = (arrays) => {
    arrays.forEach((data, i) => { if (data.length > 0) inputs[i].tensor.data().set(data); });
    if (!runner.Infer()) throw new Error('inference failed');
    return list(runner.GetOutputs()).map((tensor) => {
      const shape = shapeOf(tensor);
      const data = shape.includes(0) ? new Uint8Array(0) : tensor.data().slice();
      return { name: tensor.name, type: tensor.dataType, shape, data };
    });
  };
  const close = () => { runner.delete?.(); tflite._free(pointer); };
  return { inputs, run, close };
}
