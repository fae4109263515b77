// The page of one photo: boxes on and off, a threshold, and the list and the picture pointing at
// each other. Works on what the server has drawn; set up anew when htmx brings the result.

function setUp(root) {
  const svg = root.querySelector(".boxes");
  if (!svg) return;
  keepSize(svg);
  const controls = root.querySelector("[data-viewer]");
  const show = controls.querySelector("#show");
  const least = controls.querySelector("#least");
  const all = [...root.querySelectorAll("[data-confidence]")];
  controls.hidden = false;

  const apply = () => {
    svg.classList.toggle("off", !show.checked);
    const threshold = least.value === least.min ? 0 : least.value / 100;
    for (const part of all) part.toggleAttribute("hidden", Number(part.dataset.confidence) < threshold);
    const rows = all.filter((part) => part.matches("li"));
    const shown = rows.filter((row) => !row.hasAttribute("hidden")).length;
    controls.querySelector("#least-value").textContent = `${least.value} %`;
    controls.querySelector("#shown").textContent = `${shown} of ${rows.length} shown`;
  };
  show.addEventListener("change", apply);
  least.addEventListener("input", apply);
  apply();

  const light = (number) => {
    svg.classList.toggle("dim", number !== undefined);
    for (const part of all) part.classList.toggle("lit", part.dataset.box === number);
  };
  const numberOf = (event) => event.target.closest?.("[data-box]")?.dataset.box;
  for (const type of ["pointerover", "focusin"]) root.addEventListener(type, (event) => light(numberOf(event)));
  for (const type of ["pointerleave", "focusout"]) root.addEventListener(type, () => light());
  root.querySelector(".objects").addEventListener("click", (event) => {
    const number = numberOf(event);
    if (number && matchMedia("(max-width: 60rem)").matches) {
      svg.scrollIntoView({ block: "nearest" });
      light(number);
    }
  });
}

/** Letters and lines keep their size on the screen, whatever the photo's. */
function keepSize(svg) {
  const scale = () => {
    const width = svg.getBoundingClientRect().width;
    if (width) svg.style.setProperty("--unit", svg.viewBox.baseVal.width / width);
  };
  new ResizeObserver(scale).observe(svg);
  scale();
}

const first = document.querySelector("#result");
if (first) setUp(first);
document.body.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.matches?.("#result") && elt !== first) setUp(elt);
});
