// Reads and writes NumPy's .npy files (format 1.0 to 3.0, C order, little endian).
import { readFileSync, writeFileSync } from 'node:fs';

// NumPy's type code -> the array that holds it. Half floats stay as their bits; booleans as 0 and 1.
const arrays = {
  '<f4': Float32Array, '<f8': Float64Array, '<f2': Uint16Array, '|b1': Uint8Array,
  '|i1': Int8Array, '<i2': Int16Array, '<i4': Int32Array, '<i8': BigInt64Array,
  '|u1': Uint8Array, '<u2': Uint16Array, '<u4': Uint32Array, '<u8': BigUint64Array,
};

// {descr: '<f4', shape: [2, 3], data: Float32Array}
export function readNpy(path) {
  const bytes = readFileSync(path);
  if (bytes.length < 10 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') throw new Error(`${path}: no .npy file`);
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', start, start + length);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1].split(',').filter((s) => s.trim() !== '').map(Number);
  if (/'fortran_order':\s*True/.test(header)) throw new Error(`${path}: Fortran order; expected C order`);
  if (!(descr in arrays) || shape === undefined) throw new Error(`${path}: type ${descr} is not supported`);
  const count = shape.reduce((a, b) => a * b, 1);
  const type = arrays[descr];
  const data = bytes.subarray(start + length);
  if (data.length < count * type.BYTES_PER_ELEMENT) throw new Error(`${path}: shorter than its shape says`);
  const copy = new Uint8Array(data.subarray(0, count * type.BYTES_PER_ELEMENT));
  return { descr, shape, data: new type(copy.buffer) };
}

export function writeNpy(path, { descr, shape, data }) {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(padded.length, 8);
  writeFileSync(path, Buffer.concat([head, Buffer.from(padded, 'latin1'), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}
