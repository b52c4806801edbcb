// Times an ONNX model with float inputs in ONNX Runtime.
//   node ort_bench.mjs MODEL.onnx [--batch N] [--threads T] [--runs R] [--warmup W]
// Prints {"runtime", "version", "batch", "threads", "runs", "median_us", "p10_us", "p90_us"}. Unknown dimensions become N.
// The clock is around the native call itself, not around the promise that the package wraps it in.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';

const require = createRequire(import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '1' }, threads: { type: 'string', default: '1' },
    runs: { type: 'string', default: '2000' }, warmup: { type: 'string', default: '200' },
  },
});
const [batch, threads, runs, warmup] = ['batch', 'threads', 'runs', 'warmup'].map((name) => Number(values[name]));
if (positionals.length !== 1) {
  console.error('usage: node ort_bench.mjs MODEL.onnx [--batch N] [--threads T] [--runs R] [--warmup W]');
  process.exit(2);
}

const options = { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3 };
const described = await ort.InferenceSession.create(positionals[0], options);
let seed = 1;
const uniform = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const feeds = {};
for (const { name, type, shape } of described.inputMetadata) {
  if (type !== 'float32') throw new Error(`input ${name} is ${type}; only float32 inputs are timed`);
  const dims = shape.map((d) => (typeof d === 'number' ? d : batch));
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, uniform);
  feeds[name] = new ort.Tensor('float32', data, dims);
}
const { binding } = require(require.resolve('onnxruntime-node').replace(/index\.js$/, 'binding.js'));
const native = new binding.InferenceSession();
native.loadModel(positionals[0], options);
const fetches = Object.fromEntries(described.outputNames.map((name) => [name, null]));
const times = new Float64Array(runs);
for (let i = -warmup; i < runs; ++i) {
  const start = process.hrtime.bigint();
  native.run(feeds, fetches, {});
  const ns = process.hrtime.bigint() - start;
  if (i >= 0) times[i] = Number(ns) / 1000;
}
times.sort();
const at = (share) => Number(times[Math.floor(share * (runs - 1))].toFixed(2));
const version = require('onnxruntime-node/package.json').version;
console.log(JSON.stringify({ runtime: 'ONNX Runtime', version, batch, threads, runs, median_us: at(0.5), p10_us: at(0.1), p90_us: at(0.9) }));
