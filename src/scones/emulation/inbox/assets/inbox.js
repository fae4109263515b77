"use strict";
// Keeps the page up to date, and tells times as the reader's clock does.
const SECONDS = 2;
let seen = null;

function localTimes() {
  const today = new Date().toDateString();
  for (const time of document.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    const short = time.hasAttribute("data-short");
    const clock = moment.toLocaleTimeString([], short ? { hour: "2-digit", minute: "2-digit" } : {});
    const date = moment.toLocaleDateString([], { day: "numeric", month: "short", year: short ? undefined : "numeric" });
    const isToday = moment.toDateString() === today;
    time.textContent = short ? (isToday ? clock : date) : `${date}, ${clock}`;
  }
}

function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  const scrolled = document.querySelector(".list")?.scrollTop ?? 0;
  const read = document.querySelector(".email")?.scrollTop ?? 0;
  const same = document.querySelector(".email")?.id === next.querySelector(".email")?.id;
  const focused = document.activeElement?.getAttribute("href");
  document.querySelector("main").replaceWith(next.querySelector("main"));
  document.querySelector(".count").textContent = next.querySelector(".count").textContent;
  document.title = next.title;
  localTimes();
  document.querySelector(".list")?.scrollTo(0, scrolled);
  if (same) document.querySelector(".email")?.scrollTo(0, read);
  if (focused) document.querySelector(`main a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

async function refresh() {
  const state = document.querySelector(".state");
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    if (seen !== null && html !== seen) show(html);
    seen = html;
    state.classList.remove("lost");
    state.textContent = "live";
  } catch {
    state.classList.add("lost");
    state.textContent = "does not answer";
  }
}

localTimes();
refresh();
setInterval(() => document.hidden || refresh(), 1000 * SECONDS);
