// What the person had in the page: taken down before a reload, put back after it.

const STORE = "fh-dash:keep";
const FRESH = 60_000; // ms; older notes belong to another visit
const PATIENCE = 2_000; // ms after the load in which late content is waited for
const LARGE = 500_000; // characters of one field; the browser keeps some millions in all
const NEVER = /^(password|hidden|file|submit|button|image|reset)$/;
const SECRET = /password|one-time-code|\bcc-/;

const edited = new WeakSet(); // editable elements in which the person wrote
let owed = null; // what is still to be put back: a second reload may come before the page is complete
const sentOpen = new WeakMap(); // <details> and <dialog>: whether they came open

document.addEventListener(
  "input",
  ({ target }) => target.isContentEditable && edited.add(target.closest("[contenteditable]") ?? target),
  true,
);

const all = (selector, test) =>
  [...document.querySelectorAll(selector)].filter((element) => test(element) && !off("no-keep", element));

// ------------------------------------------------------------------------------------ taking down

function keep(reason) {
  if (off("no-keep")) return;
  const state = owed ?? { url: location.pathname + location.search, scroll: [scrollX, scrollY] };
  Object.assign(state, { time: Date.now(), reason });
  if (!owed) for (const [name, take] of Object.entries(TAKE)) state[name] = quietly(take);
  quietly(() => sessionStorage.setItem(STORE, JSON.stringify(state)));
}

const TAKE = {
  scrolled: () =>
    all("body, body *", (element) => element.scrollTop || element.scrollLeft)
      .map((element) => [describe(element), element.scrollLeft, element.scrollTop]),
  fields: () =>
    all("input, textarea, select", (element) => !NEVER.test(element.type) && !SECRET.test(element.autocomplete))
      .filter((element) => content(element).length < LARGE && content(element) !== content(pristine(element)))
      .map((element) => [describe(element), content(element)]),
  written: () => all("[contenteditable]", (e) => edited.has(e)).map((e) => [describe(e), e.innerHTML]),
  opened: () =>
    all("details, dialog", (element) => element.open !== (sentOpen.get(element) ?? false))
      .map((element) => [describe(element), element.open, quietly(() => element.matches(":modal"))]),
  popovers: () => all("[popover]:popover-open", (element) => element !== host).map(describe),
  media: () =>
    all("audio, video", (element) => element.currentTime > 0 || !element.paused)
      .map((element) => [describe(element), element.currentSrc, element.currentTime, element.paused]),
  focus: () => {
    const element = document.activeElement;
    if (!element || element === document.body || off("no-keep", element)) return null;
    const caret = quietly(() => [element.selectionStart, element.selectionEnd, element.selectionDirection]);
    return [describe(element), NEVER.test(element.type) ? null : caret];
  },
  selected: () => {
    const selection = getSelection();
    if (!selection.anchorNode || (selection.isCollapsed && !document.activeElement?.isContentEditable)) return null;
    return [
      spot(selection.anchorNode, selection.anchorOffset),
      spot(selection.focusNode, selection.focusOffset),
      selection.toString(),
    ];
  },
};

// What a field holds, as one string that can be compared.
function content(element) {
  if (element.type === "radio" || element.type === "checkbox") return String(element.checked);
  if (element.tagName !== "SELECT") return element.value;
  return JSON.stringify([...element.selectedOptions].map((option) => option.value));
}

// The field as the server sent it. Resetting a copy is the one way that honours each type's own rules.
function pristine(element) {
  const form = document.createElement("form");
  const copy = element.cloneNode(true);
  form.append(copy);
  HTMLFormElement.prototype.reset.call(form); // a field may be called `reset`
  return copy;
}

function spot(node, offset) {
  const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
  const child = node === element ? -1 : [...element.childNodes].indexOf(node);
  return { element: describe(element), child, offset };
}

// ----------------------------------------------------------------------------------- putting back

let touched = false; // the person acts in the new page already: do not move it under their hands
for (const name of ["pointerdown", "keydown", "wheel", "touchstart"]) {
  addEventListener(name, (event) => (touched ||= event.isTrusted), { capture: true, passive: true });
}

function noted() {
  const text = quietly(() => sessionStorage.getItem(STORE));
  quietly(() => sessionStorage.removeItem(STORE));
  const state = text && quietly(() => JSON.parse(text));
  const here = location.pathname + location.search;
  return state && state.url === here && Date.now() - state.time < FRESH ? state : null;
}

// Each step is tried until it says that it is done: what a page builds late is found late.
function stepsOf(state) {
  const each = (items, act) => (items ?? []).map((item) => () => onFound(item, act));
  return [
    ...each(state.opened, setOpen),
    ...each(state.popovers?.map((found) => [found]), (element) => element.showPopover()),
    ...each(state.fields, fill),
    ...each(state.written, write),
    ...each(state.media, play),
    ...each(state.scrolled, (element, x, y) => touched || scrollBox(element, x, y)),
    ...each(state.focus && [state.focus], (element, caret) => touched || focusOn(element, caret)),
    ...(state.selected ? [() => touched || select(state.selected)] : []),
    () => touched || scrollPage(...state.scroll),
  ];
}

function onFound([found, ...rest], act) {
  const element = find(found);
  if (!element || off("no-keep", element)) return false;
  return quietly(() => act(element, ...rest)) ?? true;
}

function setOpen(element, open, modal) {
  if (element.tagName === "DETAILS" || !open) element.open = open;
  else if (!element.open) modal ? element.showModal() : element.show();
}

function fill(element, value) {
  if (element.type === "radio" || element.type === "checkbox") element.checked = value === "true";
  else if (element.tagName === "SELECT") choose(element, JSON.parse(value));
  else element.value = value;
}

function choose(element, values) {
  const options = [...element.options];
  if (!values.every((value) => options.some((option) => option.value === value))) return;
  for (const option of options) option.selected = values.includes(option.value);
}

function write(element, markup) {
  if (!element.isContentEditable) return;
  element.innerHTML = markup;
  edited.add(element);
}

function play(element, source, time, paused) {
  const start = () => {
    if (element.currentSrc !== source) return;
    element.currentTime = time;
    if (!paused) element.play().catch(() => {}); // the browser may want a click first
  };
  if (element.readyState >= 1) start();
  else element.addEventListener("loadedmetadata", start, { once: true });
}

function scrollBox(element, left, top) {
  element.scrollTo({ left, top, behavior: "instant" });
  return Math.abs(element.scrollTop - top) < 2 && Math.abs(element.scrollLeft - left) < 2;
}

function scrollPage(left, top) {
  scrollTo({ left, top, behavior: "instant" });
  return Math.abs(scrollY - top) < 2 && Math.abs(scrollX - left) < 2;
}

function focusOn(element, caret) {
  element.focus({ preventScroll: true });
  if (caret && caret[0] !== null) quietly(() => element.setSelectionRange(...caret));
  return document.activeElement === element;
}

function select([from, to, text]) {
  const ends = [from, to].map(({ element, child, offset }) => {
    const parent = find(element);
    return [child < 0 ? parent : parent?.childNodes[child], offset];
  });
  if (!ends[0][0] || !ends[1][0]) return false;
  quietly(() => getSelection().setBaseAndExtent(...ends.flat()));
  if (text && getSelection().toString() !== text) getSelection().removeAllRanges(); // other words stand there now
  return true;
}

function putBack() {
  const state = noted();
  owed = state;
  let steps = state ? stepsOf(state) : [];
  const run = () => (steps = steps.filter((step) => !(quietly(step) ?? true)));
  const parsed = () => {
    for (const element of document.querySelectorAll("details, dialog")) sentOpen.set(element, element.open);
    run();
  };
  document.addEventListener("readystatechange", () => document.readyState === "interactive" && parsed());
  if (!state) return;
  const restoration = history.scrollRestoration;
  history.scrollRestoration = "manual"; // the browser's own would not stop for the person's hands
  document.addEventListener("DOMContentLoaded", () => {
    run();
    owed = null;
    setTimeout(() => announce("after-reload", state.reason)); // after the app's own listeners were set up
  });
  addEventListener("load", async () => {
    const end = performance.now() + PATIENCE;
    while (run().length && performance.now() < end) await pause(50);
    if (history.scrollRestoration === "manual") history.scrollRestoration = restoration;
  });
}
