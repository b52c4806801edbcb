// Runs a .tflite model in TensorFlow Lite itself.
//   node tflite_run.mjs MODEL.tflite OUT_DIR INPUT.npy...
// Inputs in the order of the model's inputs. When every input's first dimension is k times the model's, the model runs k
// times and the outputs are stacked. Writes OUT_DIR/J.npy, and prints [{"name", "type", "shape", "file"}, …].
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNpy, writeNpy } from './npy.mjs';
import { descrs, interpreter, loadTflite } from './tflite.mjs';

function fail(message) {
  console.error(`tflite_run: ${message}`);
  process.exit(1);
}

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
const messages = [];
let runner;
try {
  runner = interpreter(await loadTflite(messages), readFileSync(model));
} catch (error) {
  fail(`${model}: ${[error.message, ...messages].join(' ')}`);
}
const { inputs, run } = runner;
if (inputs.length !== files.length) fail(`the model has ${inputs.length} inputs, found ${files.length} files`);
const arrays = files.map(readNpy);
arrays.forEach((array, i) => {
  const wanted = descrs[inputs[i].type];
  if (array.descr !== wanted) fail(`input ${inputs[i].name}: expected type ${wanted}, found ${array.descr}`);
});
const times = arrays.length === 0 ? 1 : repeats(arrays[0].shape, inputs[0].shape, inputs[0].name);
arrays.forEach((array, i) => {
  if (repeats(array.shape, inputs[i].shape, inputs[i].name) !== times) fail('inputs differ in their first dimension');
});

let stacked = [];
for (let k = 0; k < times; ++k) {
  const outputs = run(arrays.map(({ data }) => data.subarray((k * data.length) / times, ((k + 1) * data.length) / times)));
  stacked = outputs.map(({ name, type, shape, data }, j) => {
    const whole = stacked[j]?.data ?? new data.constructor(data.length * times);
    whole.set(data, k * data.length);
    return { name, type, shape: times === 1 ? shape : [shape[0] * times, ...shape.slice(1)], data: whole };
  });
}
mkdirSync(folder, { recursive: true });
console.log(JSON.stringify(stacked.map(({ name, type, shape, data }, j) => {
  const file = join(folder, `${j}.npy`);
  writeNpy(file, { descr: descrs[type], shape, data });
  return { name, type, shape, file };
})));
process.exit(0);
