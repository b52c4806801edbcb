// Runs a .tflite model in TensorFlow Lite itself (its WebAssembly build).
//   node tflite_run.mjs MODEL.tflite OUT_DIR INPUT.npy...
// Inputs in the order of the model's inputs. When every input's first dimension is k times the model's, the model runs k
// times and the outputs are stacked. Writes OUT_DIR/J.npy, and prints [{"name", "type", "shape", "file"}, …].
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readNpy, writeNpy } from './npy.mjs';

const descrs = {
  float32: '<f4', float64: '<f8', int8: '|i1', uint8: '|u1', bool: '|b1', int16: '<i2', int32: '<i4', uint32: '<u4', int64: '<i8',
};

function fail(message) {
  console.error(`tflite_run: ${message}`);
  process.exit(1);
}

async function loadModule() {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-tflite/package.json')), 'wasm');
  globalThis.self ??= globalThis;  // what a browser's script finds
  const factory = require(join(folder, 'tflite_web_api_cc_simd.js'));
  const quiet = process.env.TFLITE_VERBOSE ? console.error : () => {};
  return factory({ wasmBinary: readFileSync(join(folder, 'tflite_web_api_cc_simd.wasm')), print: quiet, printErr: quiet });
}

function create(tflite, path) {
  const bytes = readFileSync(path);
  const pointer = tflite._malloc(bytes.length);
  tflite.HEAPU8.set(bytes, pointer);
  const runner = tflite.TFLiteWebModelRunner.CreateFromBufferAndOptions(pointer, bytes.length, {
    numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 1,
  });
  if (!runner.ok()) fail(`${path}: ${runner.errorMessage()}`);
  return runner.value();
}

const list = (vector) => Array.from({ length: vector.size() }, (_, i) => vector.get(i));
const shapeOf = (tensor) => (tensor.shape === '' ? [] : tensor.shape.split(',').map(Number));
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

// How often the model must run for an input of this shape.
function repeats(shape, wanted, name) {
  const times = shape.length > 0 && wanted.length === shape.length ? shape[0] / wanted[0] : 1;
  if (!Number.isInteger(times) || !same([wanted[0] * times, ...wanted.slice(1)].slice(0, shape.length), shape)) {
    fail(`input ${name}: expected shape [${wanted}], found [${shape}]`);
  }
  return times;
}

const [model, folder, ...files] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node tflite_run.mjs MODEL.tflite OUT_DIR INPUT.npy...');
  process.exit(2);
}
const runner = create(await loadModule(), model);
const inputs = list(runner.GetInputs());
if (inputs.length !== files.length) fail(`the model has ${inputs.length} inputs, found ${files.length} files`);
const arrays = files.map(readNpy);
arrays.forEach((array, i) => {
  const wanted = descrs[inputs[i].dataType];
  if (array.descr !== wanted) fail(`input ${inputs[i].name}: expected type ${wanted}, found ${array.descr}`);
});
const times = arrays.length === 0 ? 1 : repeats(arrays[0].shape, shapeOf(inputs[0]), inputs[0].name);
arrays.forEach((array, i) => {
  if (repeats(array.shape, shapeOf(inputs[i]), inputs[i].name) !== times) fail('inputs differ in their first dimension');
});

let stacked = [];
for (let k = 0; k < times; ++k) {
  arrays.forEach(({ data }, i) => {
    const size = data.length / times;
    inputs[i].data().set(data.subarray(k * size, (k + 1) * size));
  });
  if (!runner.Infer()) fail(`${model}: inference failed`);
  const outputs = list(runner.GetOutputs());
  stacked = outputs.map((tensor, j) => {
    const part = tensor.data();
    const whole = stacked[j]?.data ?? new part.constructor(part.length * times);
    whole.set(part, k * part.length);
    const shape = shapeOf(tensor);
    return { tensor, shape: times === 1 ? shape : [shape[0] * times, ...shape.slice(1)], data: whole };
  });
}
mkdirSync(folder, { recursive: true });
console.log(JSON.stringify(stacked.map(({ tensor, shape, data }, j) => {
  const file = join(folder, `${j}.npy`);
  writeNpy(file, { descr: descrs[tensor.dataType], shape, data });
  return { name: tensor.name, type: tensor.dataType, shape, file };
})));
process.exit(0);
