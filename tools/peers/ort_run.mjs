// Runs an ONNX model in ONNX Runtime.
//   node ort_run.mjs MODEL.onnx OUT_DIR NAME=INPUT.npy...
// Writes OUT_DIR/J.npy for output J, and prints [{"name", "type", "shape", "file"}, …] in the order of the outputs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from './npy.mjs';
import { runSession } from './ort.mjs';

const [model, folder, ...words] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node ort_run.mjs MODEL.onnx OUT_DIR NAME=INPUT.npy...');
  process.exit(2);
}
const inputs = words.map((word) => ({ name: word.slice(0, word.indexOf('=')), file: word.slice(word.indexOf('=') + 1) }));
const results = await runSession(model, inputs);
mkdirSync(folder, { recursive: true });
console.log(JSON.stringify(results.map(({ name, type, descr, shape, data }, j) => {
  const file = join(folder, `${j}.npy`);
  writeNpy(file, { descr, shape, data });
  return { name, type, shape, file };
})));
