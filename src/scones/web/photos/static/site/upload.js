// Photos by drop, choice, camera or paste: cleaned here, then sent, a few at a time. From then on
// each card is the server's, and asks for itself until it is done.
import { clean, Refused } from "./clean.js";

const AT_ONCE = 3;
const form = document.querySelector("form.drop");
const queue = document.querySelector("#queue");
const template = document.querySelector("#pending");
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
const limits = { maxBytes: Number(form.dataset.maxBytes), maxPixels: Number(form.dataset.maxPixels) };
const previews = new Map(); // a photo's id to its picture on this device
const waiting = [];
let running = 0;

form.classList.add("live");
for (const input of form.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
}
form.addEventListener("submit", (event) => event.preventDefault());

let depth = 0; // dragenter and dragleave come for every element inside, too
addEventListener("dragenter", (event) => { if (hasFiles(event)) form.classList.toggle("over", ++depth > 0); });
addEventListener("dragleave", (event) => { if (hasFiles(event)) form.classList.toggle("over", --depth > 0); });
addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  form.classList.remove("over");
  depth = 0;
  take(event.dataTransfer.files);
});
addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

// The server's card shows the picture that is here already: it is not loaded back.
document.body.addEventListener("htmx:load", ({ detail: { elt } }) => {
  const card = elt.matches?.(".card") ? elt : null;
  const preview = card && previews.get(card.dataset.photo);
  const picture = preview && card.querySelector(".frame img");
  if (picture) { picture.src = preview; picture.hidden = false; }
  if (card?.dataset.summary) say(card.dataset.summary);
});

function hasFiles(event) { return event.dataTransfer?.types.includes("Files"); }

function say(text) { document.querySelector("#say").textContent = text; }

function take(files) {
  for (const file of files) {
    const card = template.content.firstElementChild.cloneNode(true);
    card.querySelector(".name").textContent = file.name;
    card.querySelector(".dismiss").addEventListener("click", () => card.remove());
    card.querySelector(".again").addEventListener("click", () => enter(file, card));
    queue.prepend(card);
    enter(file, card);
  }
}

function enter(file, card) {
  card.classList.remove("failed");
  card.querySelector(".actions").hidden = true;
  card.querySelector("progress").hidden = false;
  waiting.push(async () => {
    try {
      await upload(file, card);
    } catch (error) {
      fail(card, file, error);
    }
  });
  next();
}

function next() {
  while (running < AT_ONCE && waiting.length) {
    running++;
    waiting.shift()().finally(() => { running--; next(); });
  }
}

async function upload(file, card) {
  const state = card.querySelector(".state");
  state.textContent = "Reading";
  const photo = await clean(file, limits);
  const preview = URL.createObjectURL(photo);
  const picture = card.querySelector("img");
  picture.src = preview;
  picture.hidden = false;
  state.textContent = "Uploading";
  const progress = (share) => {
    card.querySelector("progress").value = share;
    state.textContent = share < 1 ? `Uploading, ${Math.round(100 * share)} %` : "Looking at it";
  };
  const done = form.dataset.mode === "classify"
    ? await classify(photo, file.name, progress) : await store(photo, file.name, progress);
  previews.set(done.id, preview);
  // Without a source of its own it would share one with the others, and wait for the last of them.
  await htmx.ajax("GET", done.card, { source: card, target: card, swap: "outerHTML" });
}

async function store(photo, name, progress) {
  const answer = await fetch(form.dataset.uploads, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ name, content_type: photo.type, size: photo.size }),
  });
  const ticket = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(ticket.message ?? `The site answered ${answer.status}.`);
  const body = new FormData();
  for (const [field, value] of Object.entries(ticket.fields)) body.append(field, value);
  body.append("file", photo, name);
  try {
    await send(ticket.url, body, {}, progress);
  } catch (error) {
    const forget = ticket.card.replace(/card$/, "delete");
    fetch(forget, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } }).catch(() => {});
    throw error instanceof Refused ? new Refused("The storage refused the photo.") : error;
  }
  return ticket;
}

async function classify(photo, name, progress) {
  const body = new FormData();
  body.append("photos", photo, name);
  const answer = await send(form.action, body, { Accept: "application/json", "X-CSRFToken": token }, progress);
  return JSON.parse(answer);
}

/** Post a form and tell how far it is; fetch() cannot tell that. */
function send(url, body, headers, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(request.responseText);
      let message = `The answer was ${request.status}.`;
      try { message = JSON.parse(request.responseText).message ?? message; } catch { /* no JSON */ }
      reject(new Refused(message));
    });
    request.addEventListener("error", () => reject(new Error("network")));
    request.send(body);
  });
}

function fail(card, file, error) {
  const message = error instanceof Refused ? error.message : "The connection was lost.";
  card.classList.add("failed");
  card.querySelector(".state").textContent = message;
  card.querySelector("progress").hidden = true;
  card.querySelector(".actions").hidden = false;
  card.querySelector(".again").hidden = error instanceof Refused;
  say(`${file.name}: ${message}`);
}
