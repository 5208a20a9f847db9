// The server, and the models that it has.
'use strict';

const $ = (id) => document.getElementById(id);
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let token = '';  // In memory only.

class ServerError extends Error {
  constructor(status, what, retryAfter = 0) {
    super(what);
    this.status = status;  // 0: no answer.
    this.retryAfter = retryAfter;
  }
}

async function call(path, body) {
  const headers = new Headers({'Content-Type': 'application/json'});
  if (token) headers.set('Authorization', `Bearer ${token}`);
  let response, text;
  try {
    response = await fetch(path, body ? {method: 'POST', headers, body: JSON.stringify(body)} : {headers});
    text = await response.text();
  } catch {
    throw new ServerError(0, 'The server does not answer. Trying again every few seconds.');
  }
  if (response.ok) return JSON.parse(text);
  let what = `The server answers with status ${response.status}.`;
  try {
    what = JSON.parse(text).error;
  } catch {
    // No server of ours, but perhaps a proxy before it.
  }
  throw new ServerError(response.status, what, Number(response.headers.get('Retry-After')));
}

// One message for each thing that can fail: the list of models, the input, the prediction.
const errors = new Map();
function report(about, what) {
  errors.set(about, what);
  const text = errors.get('models') || errors.get('input') || errors.get('prediction') || '';
  if ($('error').textContent !== text) $('error').textContent = text;
  $('error').hidden = !text;
}

let index = '';      // The list that is shown, as text; empty: to be read again.
let models = [];     // Their metadata.
let current = null;  // The chosen one.

// What the page needs to know of a model.
function describe(metadata) {
  const {parameters, inputs: [input], outputs} = metadata;
  const shape = input.shape.slice(1);
  const numbers = (key) => parameters[`fallow.${key}`].split(',').map(Number);
  const image = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  const size = (dimensions) => dimensions.reduce((a, b) => a * b, 1);
  const outputShape = outputs[0].shape.slice(1);
  return {
    name: metadata.name, version: metadata.versions[0], platform: metadata.platform, layers: parameters.layers,
    inputName: input.name, shape, elements: size(shape),
    outputName: outputs[0].name, outputShape, outputs: size(outputShape),
    positions: parameters.loss === 'softmax_cross_entropy' && outputShape.length === 2 ? outputShape[0] : 1,
    classes: parameters.classes ? parameters.classes.split(',') : [],
    loss: parameters.loss, probabilities: parameters.loss !== 'mean_squared_error',
    dropping: parameters.layers.split(',').filter((layer) => /drop|zoneout|noise/.test(layer)),
    offset: numbers('input_offset'), divisor: numbers('input_divisor'),
    image: image.length === 2 && Math.min(...image) >= 4 ? {height: image[0], width: image[1]} : null,
  };
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function showModels() {
  const focused = $('models').contains(document.activeElement);
  $('models').replaceChildren(...models.map((model, i) => {
    const facts = {
      Version: `${model.version}, ${model.platform}`, Input: model.shape.join(' × '),
      Output: `${model.outputShape.join(' × ')}, ${model.probabilities ? 'probabilities' : 'values'}`,
      Dropout: model.dropping.join(', ') || 'none', Layers: model.layers.replaceAll(',', ', '),
    };
    const radio = element('input', {type: 'radio', name: 'model', id: `model-${i}`, onchange: () => choose(model)});
    radio.checked = model.name === current?.name;
    const list = Object.entries(facts).flatMap(([name, fact]) => {
      const className = ['Version', 'Layers'].includes(name) ? 'more' : '';
      return [element('dt', {className}, name), element('dd', {className}, fact)];
    });
    return element('div', {className: 'card model'}, radio, ' ',
                   element('label', {htmlFor: radio.id}, model.name), element('dl', {}, ...list));
  }));
  if (focused) document.querySelector('.model :checked')?.focus();
}

function choose(model) {
  const same = current && current.name === model.name && `${current.shape}` === `${model.shape}`;
  current = model;
  $('try').hidden = false;
  $('image-input').hidden = !model.image;
  $('row-input').hidden = Boolean(model.image);
  report('input', '');
  report('prediction', '');
  if (!same) (model.image ? startImage : startRow)(model);
  update();
}

let retry = false;  // Whether the last prediction failed in a way that may pass.
async function readModels() {
  try {
    const listed = JSON.stringify(await call('v2/repository/index', {}));
    $('login').hidden = true;
    if (listed !== index) {
      models = (await Promise.all(JSON.parse(listed).map(({name}) => call(`v2/models/${name}`)))).map(describe);
      index = listed;
      const chosen = models.find((model) => model.name === current?.name) ?? models[0];
      choose(chosen);
      showModels();
    } else if (retry) {
      update();
    }
    report('models', '');
  } catch (error) {
    index = '';
    if (error.status === 401) $('login').hidden = false;
    report('models', error.message);
  }
}
