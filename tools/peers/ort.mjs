// ONNX Runtime on one thread, for the scripts here.
import { readFileSync } from 'node:fs';
import ort from 'onnxruntime-node';
import { readNpy } from './npy.mjs';

const types = {
  '<f4': 'float32', '<f8': 'float64', '<f2': 'float16', '|b1': 'bool', '|i1': 'int8', '<i2': 'int16', '<i4': 'int32',
  '<i8': 'int64', '|u1': 'uint8', '<u2': 'uint16', '<u4': 'uint32', '<u8': 'uint64',
};
export const descrs = Object.fromEntries(Object.entries(types).map(([descr, type]) => [type, descr]));

// Outputs [{name, type, descr, shape, data}] of the model file for inputs [{name, file}], .npy or strings as JSON; throws the runtime's words.
export async function runSession(model, inputs) {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const feeds = {};
    for (const { name, file } of inputs) {
      if (file.endsWith('.json')) {
        const { shape, strings } = JSON.parse(readFileSync(file, 'utf8'));
        feeds[name] = new ort.Tensor('string', strings, shape);
        continue;
      }
      const { descr, shape, data } = readNpy(file);
      feeds[name] = new ort.Tensor(types[descr], data, shape);
    }
    const results = await session.run(feeds);
    return session.outputNames.map((name) => {
      const { type, dims, data } = results[name];
      return { name, type, descr: descrs[type], shape: dims, data };
    });
  } finally {
    await session.release();
  }
}
