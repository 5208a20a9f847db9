// What the model is given: a drawing, a picture, or a row of numbers.

const pen = $('drawing').getContext('2d', {willReadFrequently: true});
let scale = 1;      // Pixels of the drawing for one of the model, each way.
let blank = true;   // Nothing is drawn.

function fill(colour) {
  pen.fillStyle = colour;
  pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
}

function clear() {
  fill('#000');
  blank = true;
  $('file').value = '';
  update();
}

function startImage({image: {height, width}, offset, divisor}) {
  scale = Math.min(16, Math.max(1, Math.ceil(280 / Math.max(height, width))));
  Object.assign(pen.canvas, {width: width * scale, height: height * scale});
  Object.assign($('seen'), {width, height});
  // What the model scales to 0 and 1; models of other programs do not say.
  $('black').value = offset[0];
  $('white').value = offset[0] + divisor[0];
  clear();
}

// The drawing as grey values in 0 .. 1: means over the squares that become a pixel. Also shows them.
function pixels({height, width}) {
  const drawn = pen.getImageData(0, 0, width * scale, height * scale).data;
  const grey = new Float64Array(height * width);
  for (let y = 0; y < height * scale; ++y) {
    for (let x = 0; x < width * scale; ++x) {
      const at = 4 * (y * width * scale + x);
      grey[Math.floor(y / scale) * width + Math.floor(x / scale)] +=
          (0.299 * drawn[at] + 0.587 * drawn[at + 1] + 0.114 * drawn[at + 2]) / (255 * scale * scale);
    }
  }
  const values = $('invert').checked ? grey.map((value) => 1 - value) : grey;
  const seen = new ImageData(width, height);
  values.forEach((value, i) => seen.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  $('seen').getContext('2d').putImageData(seen, 0, 0);
  return values;
}

function imageValues({image}) {
  const black = $('black').valueAsNumber, white = $('white').valueAsNumber;
  const values = pixels(image);
  $('seen-text').textContent = `As the model sees it: ${image.height} × ${image.width} pixels, ${black} to ${white}`;
  if (blank) return null;
  return Array.from(values, (value) => Number((black + value * (white - black)).toPrecision(6)));
}

let last = null;  // Where the line that is being drawn has come to.
function draw(event) {
  const box = pen.canvas.getBoundingClientRect();
  const to = {x: (event.clientX - box.left) * pen.canvas.width / box.width,
              y: (event.clientY - box.top) * pen.canvas.height / box.height};
  line([last ?? to, to], $('erase').checked ? '#000' : '#fff', $('brush').valueAsNumber * scale);
  last = to;
}

function line(points, colour, width) {
  Object.assign(pen, {lineCap: 'round', lineJoin: 'round', strokeStyle: colour, lineWidth: width});
  pen.beginPath();
  points.forEach(({x, y}) => pen.lineTo(x, y));
  pen.stroke();
  blank = false;
}

function scribble() {
  const {width, height} = pen.canvas;
  const anywhere = () => ({x: (0.1 + 0.8 * Math.random()) * width, y: (0.1 + 0.8 * Math.random()) * height});
  fill('#000');
  line(Array.from({length: 7}, anywhere), '#fff', $('brush').valueAsNumber * scale);
  update();
}

async function pick(file) {
  if (!file) return;
  report('input', '');
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return report('input', `${file.name} is no picture that this browser can read.`);
  }
  const {width, height} = pen.canvas;
  const fit = Math.min(width / picture.width, height / picture.height);
  const w = picture.width * fit, h = picture.height * fit;
  pen.imageSmoothingEnabled = fit < 1;  // A picture of the model's own size comes through as it is.
  pen.imageSmoothingQuality = 'high';
  fill('#fff');  // Behind what is transparent.
  pen.drawImage(picture, 0, 0, 1, 1, 0, 0, width, height);  // The colour of the corner around what is not square.
  pen.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
  blank = false;
  update();
}

function startRow(model) {
  $('row-label').textContent = `${model.elements} numbers, separated by commas or blanks`;
  // Of a table, the means that training saw.
  const values = Array.from({length: model.elements}, (_, i) => model.offset[i] ?? 0);
  $('row').value = values.map((value) => Number(value.toPrecision(4))).join(', ');
}

function rowValues(model) {
  const words = $('row').value.split(/[\s,;]+/).filter(Boolean);
  const wrong = words.find((word) => !Number.isFinite(Number(word)));
  let what = '';
  if (wrong !== undefined) {
    what = `'${wrong}' is no number.`;
  } else if (words.length !== model.elements) {
    what = `The row has ${words.length} numbers, the model takes ${model.elements}.`;
  }
  report('input', what);
  return what ? null : words.map(Number);
}

$('drawing').addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  $('drawing').setPointerCapture(event.pointerId);
  last = null;
  draw(event);
  update();
});
$('drawing').addEventListener('pointermove', (event) => {
  if (!last || !$('drawing').hasPointerCapture(event.pointerId)) return;
  (event.getCoalescedEvents?.() ?? [event]).forEach(draw);
  update();
});
$('drawing').addEventListener('lostpointercapture', () => { last = null; });
$('clear').addEventListener('click', clear);
$('scribble').addEventListener('click', scribble);
$('file').addEventListener('change', () => pick($('file').files[0]));
for (const id of ['invert', 'black', 'white', 'row']) $(id).addEventListener('input', update);
