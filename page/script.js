// Keeps the page up to date with what the server sends. Everything is put in place as text.
'use strict';

const root = document.documentElement.dataset;
const live = document.getElementById('live');
const running = document.querySelector('#running tbody');
const ended = document.getElementById('ended');
const rows = document.getElementById('new-running').content;
const ends = document.getElementById('new-ended').content;

let last = Number(root.number); // of the ended calls
let source = null;
let again = 0;

function say(state, text) {
  if (live.textContent === text) return; // it is read aloud
  live.className = state;
  live.textContent = text;
}

// fill puts the values of a row where they belong, and leaves alone what has not changed.
function fill(row, values) {
  for (const place of row.querySelectorAll('[data-f]')) {
    const text = values[place.dataset.f];
    if (typeof text === 'string' && place.textContent !== text) place.textContent = text;
  }
}

function newRunning(call) {
  const row = rows.firstElementChild.cloneNode(true);
  row.id = 'c-' + call.id;
  row.dataset.id = call.id;
  row.classList.add('new');
  row.querySelector('input[name=id]').value = call.id;
  return row;
}

function onNow(news) {
  if (news.boot !== root.boot || String(news.generation) !== root.generation) {
    location.reload(); // another urocket, or another configuration
    return;
  }
  document.getElementById('places').textContent = news.places;
  document.getElementById('more').textContent = news.more;
  const there = new Set();
  for (const call of news.running) {
    if (document.getElementById('e-' + call.id)) continue; // ended since
    there.add(call.id);
    let row = document.getElementById('c-' + call.id);
    if (!row) {
      row = newRunning(call);
      running.append(row);
    }
    fill(row, call);
    row.querySelector('.state').dataset.state = call.state;
  }
  for (const row of [...running.rows]) if (!there.has(row.dataset.id)) row.remove();
  for (const row of document.querySelectorAll('#operations tbody tr')) fill(row, {now: news.operations[row.dataset.name]});
}

function onEnded(call) {
  last = call.number;
  document.getElementById('c-' + call.id)?.remove();
  if (document.getElementById('e-' + call.id)) return;
  const body = ends.querySelector('tbody').cloneNode(true);
  body.id = 'e-' + call.id;
  body.dataset.number = call.number;
  body.classList.toggle('bad', call.bad);
  body.querySelector('time').dateTime = call.stamp;
  fill(body, call);
  ended.tHead.after(body);
  trim();
}

// trim leaves as many as the server keeps, but for those that are being read.
function trim() {
  const all = [...ended.tBodies].slice(Number(root.kept));
  const bad = [...ended.tBodies].filter((b) => b.classList.contains('bad')).slice(0, Number(root.faults));
  for (const body of all) if (!bad.includes(body) && !body.querySelector('details[open]')) body.remove();
}

function open() {
  clearTimeout(again);
  if (source) return;
  source = new EventSource('/page/events?after=' + last);
  source.onopen = () => say('on', 'Live');
  source.onerror = () => {
    say('off', 'Not connected to urocket; trying again');
    if (source.readyState === EventSource.CLOSED) { // refused; a browser gives up then
      source = null;
      again = setTimeout(open, 5000);
    }
  };
  source.addEventListener('now', (e) => onNow(JSON.parse(e.data)));
  source.addEventListener('ended', (e) => onEnded(JSON.parse(e.data)));
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
}

// A page that nobody sees does not watch.
document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
addEventListener('pagehide', close);
addEventListener('pageshow', () => document.hidden || open());

// The button stays on the page, and says here what came of it.
document.addEventListener('submit', (e) => {
  e.preventDefault();
  const form = new FormData(e.target);
  form.append(e.submitter.name, e.submitter.value);
  const call = form.get('id').slice(0, 8);
  e.target.closest('details').open = false;
  fetch(e.target.action, {method: 'POST', body: new URLSearchParams(form), redirect: 'manual'})
    .then(async (r) => say('on', r.type === 'opaqueredirect' ? call + ': ' + (form.get('how') === 'kill' ? 'SIGKILL' : 'SIGTERM') + ' is sent' : call + ': ' + (await r.text()).trim()))
    .catch(() => say('off', call + ': urocket did not answer'));
});
