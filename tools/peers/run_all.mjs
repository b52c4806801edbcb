// Runs many small models in one process.
//   node run_all.mjs onnxruntime|tflite JOBS.json [FIRST]
// JOBS.json: [{"model": FILE, "out": PREFIX, "inputs": [{"name", "file"}, …]}, …]. Writes PREFIX.J.npy for output J, and
// appends to JOBS.json.answers a line for each job from FIRST on, in their order: [FILE, …] or "what the runtime says".
import { appendFileSync, readFileSync } from 'node:fs';
import { readNpy, writeNpy } from './npy.mjs';

// Each opens a runtime: a function from a job to outputs [{descr, shape, data}], which throws the runtime's words.
const runtimes = {
  async tflite() {
    const { descrs, interpreter, loadTflite } = await import('./tflite.mjs');
    const messages = [];
    let runtime = null;
    let served = 0;
    return async ({ model, inputs }) => {
      messages.length = 0;
      if (runtime === null || ++served % 200 === 0) runtime = await loadTflite(messages);
      try {
        const found = interpreter(runtime, readFileSync(model));
        const arrays = inputs.map(({ file }) => readNpy(file));
        arrays.forEach((array, i) => {
          const wanted = found.inputs[i];
          const fits = wanted && descrs[wanted.type] === array.descr && `${wanted.shape}` === `${array.shape}`;
          if (!fits) throw new Error(`input ${i} is ${wanted?.type}[${wanted?.shape}]; given ${array.descr}[${array.shape}]`);
        });
        const outputs = found.run(arrays.map(({ data }) => data));
        found.close();
        return outputs.map(({ type, shape, data }) => ({ descr: descrs[type], shape, data }));
      } catch (error) {
        runtime = null;  // an abort leaves it unusable
        throw new Error([error.message ?? error, ...messages].join(' '));
      }
    };
  },
  async onnxruntime() {
    const { runSession } = await import('./ort.mjs');
    return ({ model, inputs }) => runSession(model, inputs);
  },
};

const [name, file, first] = process.argv.slice(2);
if (file === undefined || !(name in runtimes)) {
  console.error('usage: node run_all.mjs onnxruntime|tflite JOBS.json');
  process.exit(2);
}
const run = await runtimes[name]();
for (const job of JSON.parse(readFileSync(file, 'utf8')).slice(Number(first ?? 0))) {
  let answer;
  try {
    const outputs = await run(job);
    answer = outputs.map((output, j) => {
      writeNpy(`${job.out}.${j}.npy`, output);
      return `${job.out}.${j}.npy`;
    });
  } catch (error) {
    answer = `${error.message ?? error}`.slice(0, 2000);
  }
  appendFileSync(`${file}.answers`, `${JSON.stringify(answer)}\n`);
}
process.exit(0);
