'use strict';
// The page works without scripts. This one updates the countdown, shows document.cookie, and writes
// what the user types into the lines of Python beside the buttons.
const loadedAt = Date.now();
const twoDigits = (number) => String(number).padStart(2, '0');

for (const clock of document.querySelectorAll('[data-seconds]')) {
  const tick = () => {
    const elapsed = Math.floor((Date.now() - loadedAt) / 1000);
    const remaining = Math.max(0, clock.dataset.seconds - elapsed);
    const days = Math.floor(remaining / 86400);
    const hours = Math.floor(remaining / 3600) % 24;
    const time = [hours, Math.floor(remaining / 60) % 60, remaining % 60].map(twoDigits).join(':');
    clock.textContent = (days ? days + clock.dataset.day : '') + time;
  };
  tick();
  setInterval(tick, 1000);
}

const script = document.getElementById('script');
if (script) {
  script.querySelector('span').textContent = document.cookie;
  script.hidden = false;
}

const form = document.getElementById('act');
if (form) {
  addEventListener('input', showLines);
  showLines();
}

// Show each line of Python as the server shows it after the action.
function showLines() {
  // FormData has the texts that the browser would send.
  const typed = new FormData(form);
  const key = typed.get('key');
  const maxLength = Number(form.dataset.maxLength);
  const texts = {
    // Without a key the server refuses the action.
    key: key ? shorten(pythonString(key), maxLength) : 'key',
    value: shorten(pythonValue(typed.get('value')), maxLength),
  };
  for (const line of document.querySelectorAll('[data-line]')) {
    line.textContent = line.dataset.line.replace(/\{(key|value)\}/g, (_, name) => texts[name]);
  }
}

// Return the Python value of a JSON text, or the text itself as a Python string if it is not JSON.
function pythonValue(text) {
  try {
    JSON.parse(text);
    // JavaScript rounds large integers and sorts keys that look like numbers, so each scalar is
    // replaced by its Python text first.
    const scalars = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\w+/g;
    const replaced = text.replace(scalars, (scalar) => JSON.stringify(pythonScalar(scalar)));
    return JSON.parse(replaced, (_, value) => (typeof value === 'string' ? value : container(value)));
  } catch (error) {
    // Thousands of levels are a RangeError. The server refuses such a value.
    return error instanceof SyntaxError ? pythonString(text) : 'value';
  }
}

function container(value) {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  const items = Object.entries(value).map(([key, item]) => `${key}: ${item}`);
  return `{${items.join(', ')}}`;
}

function pythonScalar(json) {
  const names = { true: 'True', false: 'False', null: 'None' };
  if (json in names) return names[json];
  if (json.startsWith('"')) return pythonString(JSON.parse(json));
  return /[.eE]/.test(json) ? pythonFloat(Number(json)) : pythonInt(json);
}

function pythonInt(digits) {
  // Python reads no longer integers.
  if (digits.replace('-', '').length > 4300) throw new SyntaxError('too many digits');
  return digits === '-0' ? '0' : digits;
}

function pythonFloat(number) {
  // JSON has no infinity, which is what 1e999 would be.
  if (!Number.isFinite(number)) throw new SyntaxError('too large');
  if (Object.is(number, -0)) return '-0.0';
  const [digits, exponent] = number.toExponential().split('e');
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return Number.isInteger(number) ? `${number}.0` : String(number);
}

// Return the text of repr(text) in Python. A character that is newer than the Unicode version of the
// browser or of Python may differ.
function pythonString(text) {
  const names = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  // Other characters and separators, except the space: str.isprintable() in Python.
  const escaped = text.replace(/\\|(?! )[\p{C}\p{Z}]/gu, (character) => {
    const hex = character.codePointAt(0).toString(16);
    if (hex.length <= 2) return names[character] ?? `\\x${hex.padStart(2, '0')}`;
    return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  if (escaped.includes("'") && !escaped.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}

// Cut the middle out of a long text. Python counts characters, not UTF-16 units.
function shorten(text, maxLength) {
  const characters = [...text];
  if (characters.length <= maxLength) return text;
  const start = characters.slice(0, Math.floor((maxLength * 3) / 4));
  const end = characters.slice(-Math.ceil(maxLength / 4));
  return `${start.join('')}…${end.join('')}`;
}
