// Times an ONNX model in ONNX Runtime.
//   node ort_bench.mjs MODEL.onnx [--batch N] [--threads T] [--runs R] [--warmup W] [--inputs DIR] [--outputs DIR]
// Prints {"runtime", "version", "batch", "threads", "runs", "median_us", "p10_us", "p90_us"}. Unknown dimensions become N.
// Inputs are DIR/0, DIR/1, ... (raw little-endian elements, in the model's order), else floats uniform in [0, 1);
// the last run's outputs are written to DIR in the same way.
// The clock is around the native call itself, not around the promise that the package wraps it in.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';

const require = createRequire(import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '1' }, threads: { type: 'string', default: '1' },
    runs: { type: 'string', default: '2000' }, warmup: { type: 'string', default: '200' },
    inputs: { type: 'string' }, outputs: { type: 'string' },
  },
});
const [batch, threads, runs, warmup] = ['batch', 'threads', 'runs', 'warmup'].map((name) => Number(values[name]));
if (positionals.length !== 1) {
  console.error('usage: node ort_bench.mjs MODEL.onnx [--batch N] [--threads T] [--runs R] [--warmup W] [--inputs DIR] [--outputs DIR]');
  process.exit(2);
}

const arrays = {
  float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array, int8: Int8Array,
  uint8: Uint8Array, bool: Uint8Array,
};
const options = { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3 };
const described = await ort.InferenceSession.create(positionals[0], options);
let seed = 1;
const uniform = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const contents = (i, type, count) => {
  if (values.inputs !== undefined) return new arrays[type](new Uint8Array(readFileSync(`${values.inputs}/${i}`)).buffer);
  if (type !== 'float32') throw new Error(`input ${i} is ${type}; without --inputs only float32 inputs are made up`);
  return Float32Array.from({ length: count }, uniform);
};
const feeds = {};
described.inputMetadata.forEach(({ name, type, shape }, i) => {
  const given = `${values.inputs}/${i}.shape`;  // "1x512"; "" for a scalar
  const dims = values.inputs !== undefined && existsSync(given)
    ? readFileSync(given, 'latin1').split('x').filter((d) => d !== '').map(Number)
    : shape.map((d) => (typeof d === 'number' ? d : batch));
  feeds[name] = new ort.Tensor(type, contents(i, type, dims.reduce((a, b) => a * b, 1)), dims);
});
const { binding } = require(require.resolve('onnxruntime-node').replace(/index\.js$/, 'binding.js'));
const native = new binding.InferenceSession();
native.loadModel(positionals[0], options);
const fetches = Object.fromEntries(described.outputNames.map((name) => [name, null]));
const times = new Float64Array(runs);
let results;
for (let i = -warmup; i < runs; ++i) {
  const start = process.hrtime.bigint();
  results = native.run(feeds, fetches, {});
  const ns = process.hrtime.bigint() - start;
  if (i >= 0) times[i] = Number(ns) / 1000;
}
if (values.outputs !== undefined) {
  described.outputNames.forEach((name, i) => {
    const { buffer, byteOffset, byteLength } = results[name].data;
    writeFileSync(`${values.outputs}/${i}`, Buffer.from(buffer, byteOffset, byteLength));
  });
}
times.sort();
const at = (share) => Number(times[Math.floor(share * (runs - 1))].toFixed(2));
const version = require('onnxruntime-node/package.json').version;
console.log(JSON.stringify({ runtime: 'ONNX Runtime', version, batch, threads, runs, median_us: at(0.5), p10_us: at(0.1), p90_us: at(0.9) }));
