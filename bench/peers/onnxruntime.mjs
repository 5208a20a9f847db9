#!/usr/bin/env node
// ONNX Runtime's dropout: rows OnnxRuntime/DropoutForward/f32/p=0.1/n=65536/t=1 in the format of Google Benchmark.
// Usage: onnxruntime.mjs [--benchmark_filter=REGEX] [--benchmark_min_time=SECONDS] [--benchmark_repetitions=N]
//                        [--benchmark_out=FILE] [--benchmark_list_tests]
import {writeFileSync} from 'node:fs';
import {cpus} from 'node:os';

// 64: what a call costs. The others as in grid.h.
const SIZES = [64, 4096, 65536, 1 << 20, 64 << 20];
const BYTES = 4 + 4 + 1;  // x, y and the mask, which is no option.

const options = {filter: '', min_time: '0.5', repetitions: '1', out: '', list_tests: 'false'};
for (const argument of process.argv.slice(2)) {
  const [, name, text = 'true'] = /^--benchmark_(\w+)(?:=(.*))?$/.exec(argument) ?? [];
  if (!(name in options)) {
    console.error(`onnxruntime.mjs: unknown argument ${argument}`);
    process.exit(2);
  }
  options[name] = text;
}

// Null if it is not installed.
async function load() {
  try {
    const runtime = (await import('onnxruntime-node')).default;
    return {runtime, model: (await import('./onnx_model.mjs')).dropoutModel()};
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return null;
  }
}

// 1, 2, 4, … and all that the machine has.
function threadCounts() {
  const counts = [];
  for (let count = 1; count < cpus().length; count *= 2) counts.push(count);
  return [...counts, cpus().length];
}

function rows() {
  const all = [];
  for (const threads of threadCounts()) {
    for (const p of ['0.1', '0.5']) {
      for (const n of SIZES) all.push({name: `OnnxRuntime/DropoutForward/f32/p=${p}/n=${n}/t=${threads}`, p, n, threads});
    }
  }
  const filter = new RegExp(options.filter);
  return all.filter(row => filter.test(row.name));
}

// Outputs are allocated once and handed to every run, so that no page faults are measured.
async function prepare({runtime, model}, {p, n, threads}) {
  const {InferenceSession, Tensor} = runtime;
  const session = await InferenceSession.create(model, {intraOpNumThreads: threads, interOpNumThreads: 1});
  const x = new Float32Array(n);
  for (let i = 0; i < n; ++i) x[i] = (i % 1000) * 0.01 - 5;
  const feeds = {
    x: new Tensor('float32', x, [n]),
    ratio: new Tensor('float32', [Number(p)], []),
    training_mode: new Tensor('bool', [true], []),
  };
  const fetches = {
    y: new Tensor('float32', new Float32Array(n), [n]),
    mask: new Tensor('bool', new Uint8Array(n), [n]),
  };
  return {session, feeds, fetches, run: () => session.run(feeds, fetches)};
}

// Throws unless two runs drop as many elements as they should, scale the others, and do not drop the same ones. Looks at
// the first million.
async function verify({feeds, fetches, run}, {p, n: all}) {
  const n = Math.min(all, 1 << 20);
  const x = feeds.x.data, y = fetches.y.data;
  const scale = 1 / (1 - p);
  const drop = async () => {
    y.fill(NaN);
    await run();
    const dropped = new Uint8Array(n);
    for (let i = 0; i < n; ++i) {
      const expected = x[i] * scale;
      if (y[i] !== 0 && !(Math.abs(y[i] - expected) <= 1e-5 * Math.abs(expected))) throw new Error(`y[${i}] is ${y[i]}`);
      dropped[i] = y[i] === 0 && expected !== 0;
    }
    return dropped;
  };
  const first = await drop();
  const second = await drop();
  const count = first.reduce((sum, dropped) => sum + dropped, 0);
  const few = n / 1000 + 1;  // x is 0 once in a thousand.
  if (Math.abs(count - n * p) > 6 * Math.sqrt(n * p * (1 - p)) + few) throw new Error(`${count} of ${n} are dropped`);
  if (first.every((dropped, i) => dropped === second[i])) throw new Error('two runs have the same mask');
}

async function repeat(run, iterations) {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let i = 0; i < iterations; ++i) await run();
  const real = Number(process.hrtime.bigint() - start);
  const {user, system} = process.cpuUsage(cpu);
  return {iterations, real, cpu: (user + system) * 1000};
}

// More iterations until they take long enough, as Google Benchmark does.
async function measure(run) {
  const enough = Number(options.min_time) * 1e9;
  let result = await repeat(run, 1);
  while (result.real < enough) {
    const factor = Math.min(10, Math.max(1.4 * enough / result.real, 1.1));
    result = await repeat(run, Math.ceil(result.iterations * factor));
  }
  return result;
}

function record({name, n}, repetition, {iterations, real, cpu}) {
  const perSecond = n * iterations / (real * 1e-9);
  return {
    name, run_name: name, run_type: 'iteration', repetitions: Number(options.repetitions), threads: 1,
    repetition_index: repetition, iterations, real_time: real / iterations, cpu_time: cpu / iterations, time_unit: 'ns',
    bytes_per_second: perSecond * BYTES, items_per_second: perSecond,
  };
}

const peer = await load();
const version = peer?.runtime.env.versions.node ?? 'not found: bench/peers/install installs it';
console.error(`peer_OnnxRuntime: ${version}`);
const benchmarks = [];
for (const row of peer === null ? [] : rows()) {
  if (options.list_tests !== 'false') {
    console.log(row.name);
    continue;
  }
  const prepared = await prepare(peer, row);
  await verify(prepared, row);
  for (let repetition = 0; repetition < Number(options.repetitions); ++repetition) {
    const result = record(row, repetition, await measure(prepared.run));
    benchmarks.push(result);
    console.log(`${row.name.padEnd(56)} ${result.real_time.toFixed(0).padStart(12)} ns ` +
                `${result.cpu_time.toFixed(0).padStart(12)} ns ${String(result.iterations).padStart(10)}`);
  }
  await prepared.session.release();
}
if (options.out !== '') {
  const context = {
    date: new Date().toISOString(), executable: 'bench/peers/onnxruntime.mjs', num_cpus: cpus().length,
    mhz_per_cpu: cpus()[0].speed, peer_OnnxRuntime: version, node: process.version,
  };
  writeFileSync(options.out, JSON.stringify({context, benchmarks}, null, 2) + '\n');
}
