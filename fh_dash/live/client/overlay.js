// Errors and notices, above everything in the page, in a tree of their own. Words from outside are text nodes, always.

const LOOK = `
:host{all:initial!important;position:fixed!important;inset:auto 0 0 0!important;width:auto!important;
  max-width:none!important;margin:0!important;border:0!important;padding:0!important;background:none!important;
  z-index:2147483647!important;display:block!important;font:14px/1.5 system-ui,sans-serif!important;
  color:#e9eaec!important;pointer-events:none!important;overflow:visible!important}
.box{box-sizing:border-box;pointer-events:auto;background:#1b1e23;border-top:3px solid #ff6b60;max-height:70vh;overflow:auto;
  padding:14px 20px 16px;box-shadow:0 -8px 40px #0008;outline:none}
.box.note{margin:0 16px 16px auto;max-width:30rem;border:1px solid #3a4048;border-left:3px solid #e0b252;border-radius:8px}
header{display:flex;gap:12px;align-items:baseline}h2{margin:0;font-size:15px;color:#ff8a80;flex:1;overflow-wrap:anywhere}
.note h2{color:#e0b252}p{margin:4px 0;color:#aab1ba;overflow-wrap:anywhere}p.message{color:#e9eaec;white-space:pre-wrap}
pre,li{font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,monospace}pre{margin:10px 0;padding:8px 0;background:#111316;
  border-radius:6px;overflow:auto}pre div{padding:0 12px;white-space:pre;min-width:max-content}pre .at{background:#4a2326}
pre b{color:#7b838d;font-weight:400}ol{margin:8px 0;padding:0;list-style:none}li{color:#aab1ba;overflow-wrap:anywhere;white-space:pre-wrap}
button{font:inherit;font-size:13px;color:#e9eaec;background:#2a2f36;border:1px solid #454c55;border-radius:6px;
  padding:2px 10px;cursor:pointer}button:focus-visible{outline:2px solid #8ab4f8;outline-offset:2px}
@media(forced-colors:active){.box{border:2px solid CanvasText}}`;

let host = null; // the element that is on view
let before = null; // who had the focus

function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function hide() {
  if (!host) return;
  const held = document.activeElement === host;
  host.remove();
  host = null;
  if (held && before?.isConnected) before.focus({ preventScroll: true });
  before = null;
}

function show(box) {
  hide();
  host = el("fh-dash-overlay", { popover: "manual" });
  const root = host.attachShadow({ mode: "open" });
  const sheet = quietly(() => {
    const made = new CSSStyleSheet();
    made.replaceSync(LOOK);
    root.adoptedStyleSheets = [made];
    return made;
  });
  if (!sheet) root.append(el("style", {}, LOOK)); // a browser of before 2023
  root.append(box);
  lift(quietly(() => [...document.querySelectorAll("dialog:modal")].at(-1)));
  before = document.activeElement;
  // a dialog is read aloud when it gets the focus; a person who types in a field keeps it
  if (!before || before === document.body) box.focus({ preventScroll: true });
}

// Above the app's own dialogs; inside a modal one, since all else can be neither clicked nor read aloud.
function lift(dialog) {
  (dialog ?? document.documentElement).append(host);
  quietly(() => host.showPopover());
}

document.addEventListener("close", ({ target }) => host && host.parentNode === target && lift(), true);

function closer() {
  return el("button", { type: "button", "aria-label": "Close (Escape)", click: hide }, "Close");
}

function showError(error) {
  if (off("no-overlay") || (framed() && error.stage !== "request")) return;
  const box = el(
    "section",
    { class: "box", role: "alertdialog", "aria-labelledby": "t", "aria-describedby": "m w", tabindex: "-1" },
    el("header", {}, el("h2", { id: "t" }, heading(error)), closer()),
    el("p", { class: "message", id: "m" }, error.message),
    error.file ? el("p", {}, error.line ? `${error.file}:${error.line}` : error.file) : null,
    error.excerpt.length ? el("pre", {}, ...error.excerpt.map((line) => source(line, error.line))) : null,
    error.frames.length ? el("ol", { "aria-label": "Calls, the innermost first" }, ...error.frames.map(frame)) : null,
    el("p", { id: "w" }, consequence(error)),
  );
  box.setAttribute("aria-live", "assertive");
  show(box);
}

function heading(error) {
  const what = { syntax: "does not compile", request: "left a handler", startup: "stopped the app's start-up" };
  return `${error.type} ${what[error.stage] ?? "while the code was loaded"}`;
}

function source({ number, text }, at) {
  return el("div", number === at ? { class: "at" } : {}, el("b", {}, `${String(number).padStart(5)}  `), text);
}

function frame({ file, line, function: name, text }) {
  return el("li", {}, `${file}:${line}, in ${name}${text ? `    ${text}` : ""}`);
}

function consequence({ stage, generation }) {
  if (stage === "request") return "The rest of the page is as it was. Esc closes this.";
  const serving = generation ? `Generation ${generation} goes on serving, since the new code could not be loaded.` : "";
  return `${serving || "Nothing is served yet."} The next good save takes this away; Esc closes it.`;
}

function showOutOfDate(generation) {
  if (off("no-overlay")) return;
  const again = () => location.reload(); // the browser asks before it sends a form twice
  const box = el(
    "section",
    { class: "box note", role: "status", "aria-live": "polite", tabindex: "-1" },
    el("header", {}, el("h2", {}, "This page is out of date"), closer()),
    el("p", {}, `The app is at generation ${generation}. The page answers a form, which was not sent a second time.`),
    el("p", {}, el("button", { type: "button", click: again }, "Send the form again")),
  );
  show(box);
}

addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !host) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hide();
  },
  true,
);
