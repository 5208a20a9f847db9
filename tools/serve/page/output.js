// What the model answers.

// One request at a time; when it is answered, the next has the input of then.
let busy = false, again = false;
async function update() {
  again = true;
  if (busy) return;
  busy = true;
  try {
    while (again) {
      again = false;
      await predict(current);
    }
  } finally {
    busy = false;
  }
}

async function predict(model) {
  $('rate-text').textContent = $('own-rate').checked ? '' : $('rate').value;
  const data = model.image ? imageValues(model) : rowValues(model);
  if (!data) return showNothing(model);
  const samples = $('masks').valueAsNumber || 0;
  const names = [model.outputName];
  if (model.probabilities) names.push('predictive_entropy');
  if (samples) names.push('standard_deviation', 'quantile_0.05', 'quantile_0.95');
  if (samples && model.probabilities) names.push('mutual_information');
  const parameters = {mc_samples: samples, seed: $('seed').valueAsNumber || 0};
  if (!$('own-rate').checked) parameters.rate = $('rate').valueAsNumber;
  const start = performance.now();
  try {
    const answer = await call(`v2/models/${model.name}/infer`, {
      parameters, inputs: [{name: model.inputName, shape: [1, ...model.shape], datatype: 'FP32', data}],
      outputs: names.map((name) => ({name})),
    });
    if (model !== current) return;
    const result = Object.fromEntries(answer.outputs.map(({name, data}) => [name, data]));
    retry = false;
    report('prediction', '');
    show(model, samples, result, performance.now() - start);
  } catch (error) {
    if (model !== current) return;
    retry = [0, 401, 503].includes(error.status);
    report('prediction', error.message);
    if (!error.retryAfter) return;
    await sleep(1000 * error.retryAfter);
    again = true;
  }
}

function showNothing(model) {
  clearTimeout(speech);
  $('results').hidden = true;
  $('why').textContent = $('notes').textContent = '';
  $('outcome').textContent = model.image && blank ? 'Draw something, or pick a picture.' : '';
}

// What the entropies say. `most`: of the predictive one, in nats.
function explain(model, samples, entropy, information) {
  if (!samples) return 'Dropout is off: one pass, which does not say how sure the model is.';
  if (!model.dropping.length) return 'This model has no dropout: every mask gives the same.';
  if (model.positions > 1) return `A class for each of ${model.positions} positions; the rows are POSITION: CLASS.`;
  if (!model.probabilities) return 'The spread is how much the masks disagree.';
  const most = model.loss === 'softmax_cross_entropy' ? Math.log(model.outputs) : model.outputs * Math.log(2);
  const numbers =
      ` Predictive entropy ${entropy.toFixed(2)} of at most ${most.toFixed(2)} nats, mutual information ${
          information.toFixed(2)}.`;
  if (entropy < 0.1 * most) return `The model is sure, whatever is dropped.${numbers}`;
  const unsure = `The model is ${entropy < 0.3 * most ? 'a little ' : ''}unsure, mostly because`;
  const share = information / entropy;
  const part = (value) => `(${(100 * value).toFixed(0)}\u00a0% of the entropy)`;
  if (share > 0.5) {
    return `${unsure} its masks disagree ${part(share)}: it has learnt too little of inputs like this.${numbers}`;
  }
  return `${unsure} each mask is unsure by itself ${part(1 - share)}: several answers suit the input.${numbers}`;
}

// How a model's outputs are written and drawn: in per cent on a scale to 100, or as values on one that holds them all.
function makeScale(model, values) {
  if (model.probabilities) return {from: 0, to: 1, text: (value) => (100 * value).toFixed(1), unit: ' %'};
  const from = Math.min(0, ...values), to = Math.max(0, ...values);
  return {from, to: to > from ? to : 1, text: (value) => String(Number(value.toPrecision(4))), unit: ''};
}

function nameOf(model, i) {
  if (model.positions > 1) {
    const classes = model.outputs / model.positions;
    return `${Math.floor(i / classes)}: ${i % classes}`;
  }
  if (model.outputs > 1) return model.classes[i] ?? String(i);
  return model.probabilities ? 'yes' : model.outputName;
}

// A bar from 0 to the mean, and over it a whisker, unless there is no spread.
function makeBar({from, to}, {mean, low, high}) {
  const part = (className, start, end) => {
    const made = element('div', {className});
    made.style.left = `${100 * (start - from) / (to - from)}%`;
    made.style.width = `${100 * (end - start) / (to - from)}%`;
    return made;
  };
  const bar = element('div', {className: 'track'}, part('fill', Math.min(0, mean), Math.max(0, mean)));
  if (low !== undefined) bar.append(part('whisker', low, high));
  return bar;
}

function makeRow(name, scale, {mean, deviation, low, high}) {
  const {text, unit} = scale;
  const bars = element('td', {className: 'bars'}, makeBar(scale, {mean, low, high}));
  bars.setAttribute('aria-hidden', 'true');  // The numbers say it.
  const cells = [`${text(mean)}${unit}`, deviation === undefined ? '' : `± ${text(deviation)}`,
                 low === undefined ? '' : `${text(low)} to ${text(high)}`];
  return element('tr', {}, element('th', {scope: 'row', title: name}, name), bars,
                 ...cells.map((cell, i) => element('td', {className: i < 2 ? 'number' : 'number range'}, cell)));
}

const kMostRows = 20;

function showTable(model, outputs, scale, best) {
  let order = [...outputs.keys()];
  if (order.length > kMostRows) {
    order = order.sort((a, b) => outputs[b].mean - outputs[a].mean).slice(0, kMostRows);
  }
  $('rows').replaceChildren(...order.map((i) => {
    const row = makeRow(nameOf(model, i), scale, outputs[i]);
    row.classList.toggle('first', model.outputs > 1 && i === best);
    return row;
  }));
  $('name-head').textContent = model.probabilities && model.outputs > 1 ? 'class' : 'output';
  $('axis').replaceChildren(...[scale.from, (scale.from + scale.to) / 2, scale.to].map(
      (value) => element('span', {}, model.probabilities ? `${100 * value} %` : scale.text(value))));
  $('results').hidden = false;
}

let speech = 0;  // A timer.

// `result`: the tensors of the answer by name.
function show(model, samples, result, milliseconds) {
  const outputs = result[model.outputName].map((mean, i) => ({
    mean, deviation: result.standard_deviation?.[i], low: result['quantile_0.05']?.[i],
    high: result['quantile_0.95']?.[i],
  }));
  const scale = makeScale(model, outputs.flatMap(({mean, low, high}) => [mean, low ?? mean, high ?? mean]));
  const best = outputs.reduce((a, {mean}, i) => mean > outputs[a].mean ? i : a, 0);
  showTable(model, outputs, scale, best);

  const {mean, deviation} = outputs[best];
  const answer = `${nameOf(model, best)}: ${scale.text(mean)}${scale.unit}` +
      (deviation === undefined ? '' : ` ± ${scale.text(deviation)}`);
  $('outcome').textContent = answer;
  $('why').textContent = explain(model, samples, result.predictive_entropy?.[0], result.mutual_information?.[0]);
  $('notes').textContent = (outputs.length > kMostRows ? `The largest ${kMostRows} of ${outputs.length}. ` : '') +
      `${samples ? `${samples} masks` : 'One pass'} in ${milliseconds.toFixed(1)} ms, there and back.`;
  // Aloud once the input rests.
  clearTimeout(speech);
  speech = setTimeout(() => { $('spoken').textContent = `${answer}. ${$('why').textContent}`; }, 1000);
}

$('new-seed').addEventListener('click', () => {
  $('seed').value = crypto.getRandomValues(new Uint32Array(1))[0];
  update();
});
$('rate').addEventListener('input', () => { $('own-rate').checked = false; });
for (const id of ['masks', 'seed', 'rate', 'own-rate']) $(id).addEventListener('input', update);

$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value;
  readModels();
});

(async () => {
  for (;;) {
    if (!document.hidden) await readModels();
    await sleep(3000);
  }
})();
