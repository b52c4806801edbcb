// Runs an ONNX model in ONNX Runtime.
//   node ort_run.mjs MODEL.onnx OUT_DIR NAME=INPUT.npy...
// Writes OUT_DIR/J.npy for output J, and prints [{"name", "type", "shape", "file"}, …] in the order of the outputs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { readNpy, writeNpy } from './npy.mjs';

const types = {
  '<f4': 'float32', '<f8': 'float64', '<f2': 'float16', '|b1': 'bool', '|i1': 'int8', '<i2': 'int16', '<i4': 'int32',
  '<i8': 'int64', '|u1': 'uint8', '<u2': 'uint16', '<u4': 'uint32', '<u8': 'uint64',
};
const descrs = Object.fromEntries(Object.entries(types).map(([descr, type]) => [type, descr]));

const [model, folder, ...inputs] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node ort_run.mjs MODEL.onnx OUT_DIR NAME=INPUT.npy...');
  process.exit(2);
}
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
const feeds = {};
for (const word of inputs) {
  const at = word.indexOf('=');
  const { descr, shape, data } = readNpy(word.slice(at + 1));
  feeds[word.slice(0, at)] = new ort.Tensor(types[descr], data, shape);
}
const results = await session.run(feeds);
mkdirSync(folder, { recursive: true });
const report = session.outputNames.map((name, j) => {
  const { type, dims, data } = results[name];
  const file = join(folder, `${j}.npy`);
  writeNpy(file, { descr: descrs[type], shape: dims, data });
  return { name, type, shape: dims, file };
});
console.log(JSON.stringify(report));
