// Who we are: the page's own script element tells the moment at which the page was made, and where we live.
const KEY = Symbol.for("fh-dash");
const me = document.currentScript;
if (!me || window[KEY] || window.origin === "null") return; // a sandboxed page may not speak to us
Object.defineProperty(window, KEY, { value: true });

const home = new URL(".", me.src).href;
const token = home.split("/").at(-2);
const [bornRun, bornGeneration, bornLast] = me.dataset.fhLive.split(".");
const born = {
  moment: me.dataset.fhLive,
  run: bornRun,
  generation: Number(bornGeneration),
  last: Number(bornLast),
  sent: "sent" in me.dataset, // the page answers a form
  own: "own" in me.dataset, // the page is an error page of ours
  href: location.href,
};
me.remove(); // the page's tree is as the app made it, `:first-child` included

performance.setResourceTimingBufferSize?.(2000); // it tells which files the page uses; 250 are soon full

const OFF = "data-fh-dash";

// Whether the app opted out of something, for the whole page or for the part that holds `element`.
function off(what, element) {
  const says = (node) => {
    const words = (node?.getAttribute(OFF) ?? "").split(/\s+/);
    return words.includes("off") || words.includes(what);
  };
  if (says(document.documentElement) || says(document.body)) return true;
  return Boolean(element?.closest(`[${OFF}~="off"], [${OFF}~="${what}"]`));
}

// Tell the app; false when it objects.
function announce(name, detail, cancelable = false) {
  return document.dispatchEvent(new CustomEvent(`fh-dash:${name}`, { detail, cancelable }));
}

function quietly(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
