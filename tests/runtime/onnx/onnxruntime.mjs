#!/usr/bin/env node
// Runs the models of a folder in ONNX Runtime, as bench/peers/install installs it.
// Usage: onnxruntime.mjs run FOLDER     adds to each NAME.safetensors, which holds the inputs, the output y of NAME.onnx
//        onnxruntime.mjs check FOLDER   compares each output with the y that is there; exit code 1 if one differs by more
//                                       than 1e-5 of the largest number in its row, 77 without ONNX Runtime
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const TOLERANCE = 1e-5;
const SKIPPED = 77;

function load() {
  try {
    return createRequire(new URL('../../../bench/peers/', import.meta.url))('onnxruntime-node');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    console.log('skipped: no onnxruntime-node; bench/peers/install installs it');
    process.exit(SKIPPED);
  }
}

// safetensors: https://github.com/huggingface/safetensors#format
function readTensors(path) {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  const tensors = {};
  for (const [name, {shape, data_offsets: [begin, end]}] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const data = new Float32Array((end - begin) / 4);
    for (let i = 0; i < data.length; ++i) data[i] = bytes.readFloatLE(8 + length + begin + 4 * i);
    tensors[name] = {shape, data};
  }
  return tensors;
}

function writeTensors(path, tensors) {
  const header = {};
  const parts = [];
  let offset = 0;
  for (const [name, {shape, data}] of Object.entries(tensors)) {
    header[name] = {dtype: 'F32', shape, data_offsets: [offset, offset + 4 * data.length]};
    offset += 4 * data.length;
    const part = Buffer.alloc(4 * data.length);
    data.forEach((value, i) => part.writeFloatLE(value, 4 * i));
    parts.push(part);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...parts]));
}

// Inputs have the names of the graph's, or one any.
async function compute(runtime, path, inputs) {
  const session = await runtime.InferenceSession.create(path, {intraOpNumThreads: 1, logSeverityLevel: 3});
  const feeds = {};
  for (const {name, type} of session.inputMetadata) {
    const {data, shape} = inputs[name] ?? inputs.x;
    feeds[name] = new runtime.Tensor(type, type === 'int64' ? BigInt64Array.from(data, BigInt) : data, shape);
  }
  const outputs = await session.run(feeds);
  const y = outputs[session.outputNames[0]];
  await session.release();
  return {shape: [...y.dims], data: y.data};
}

// Largest difference in a row as a part of the row's largest number, over all rows.
function largestError(expected, actual) {
  if (JSON.stringify(expected.shape) !== JSON.stringify(actual.shape)) return Infinity;
  const columns = expected.data.length / expected.shape[0];
  let worst = 0;
  for (let begin = 0; begin < expected.data.length; begin += columns) {
    let difference = 0, largest = 0;
    for (let i = begin; i < begin + columns; ++i) {
      difference = Math.max(difference, Math.abs(expected.data[i] - actual.data[i]));
      largest = Math.max(largest, Math.abs(expected.data[i]));
    }
    worst = Math.max(worst, difference === 0 ? 0 : difference / largest);
  }
  return worst;
}

const [task, folder] = process.argv.slice(2);
if (!['run', 'check'].includes(task) || folder === undefined) {
  console.error('Usage: onnxruntime.mjs run|check FOLDER');
  process.exit(2);
}
const runtime = load();
const names = readdirSync(folder).filter(name => name.endsWith('.onnx')).map(name => name.slice(0, -5)).sort();
if (names.length === 0) throw new Error(`no models in ${folder}`);
let failed = false;
for (const name of names) {
  const file = join(folder, `${name}.safetensors`);
  const {y, ...inputs} = readTensors(file);
  const computed = await compute(runtime, join(folder, `${name}.onnx`), inputs);
  if (task === 'run') {
    writeTensors(file, {...inputs, y: computed});
    continue;
  }
  const error = largestError(y, computed);
  const good = error <= TOLERANCE;  // Not so if it is NaN.
  failed ||= !good;
  console.log(`${good ? 'ok    ' : 'FAILED'}  ${name.padEnd(24)} ${error.toExponential(1)}`);
}
process.exit(failed ? 1 : 0);
