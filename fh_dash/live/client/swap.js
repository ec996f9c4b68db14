// Style sheets and images that changed: exchanged where they are used, with the old one in place until the new is there.

const MARK = "_fh_dash";
const refreshing = new Set(); // fetches that renew the browser's cache for the plain addresses

const IMAGES = [
  ["img, input[type=image], embed", "src"],
  ["video", "poster"],
  ["object", "data"],
  ["image", "href"], // SVG
  ["link[rel~=icon], link[rel~='apple-touch-icon']", "href"],
  ["img, source", "srcset"],
];
const ADDRESS = /url\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^"')\s]+))\s*\)/g;

function local(address, base = document.baseURI) {
  const url = quietly(() => new URL(address, base));
  return url?.origin === location.origin ? url : null;
}

// How many path segments at the end of an address and of a file agree; 0 when not even the file's name does.
function agreement(url, file) {
  const names = quietly(() => decodeURIComponent(url.pathname).split("/")) ?? [];
  const parts = file.split("/");
  let count = 0;
  while (count < parts.length && names.at(-1 - count) === parts.at(-1 - count)) count += 1;
  return count;
}

function marked(url, number) {
  const result = new URL(url);
  result.searchParams.set(MARK, number);
  return result.href;
}

function plain(url) {
  const result = new URL(url);
  result.searchParams.delete(MARK);
  return result.href;
}

// Places in the page that show a local resource: its address, and how to show another one.
function* styleUses() {
  for (const link of document.querySelectorAll("link[rel~=stylesheet][href]")) {
    const url = local(link.href);
    if (url) yield { url, show: (href) => exchangeLink(link, href), owner: link };
  }
  for (const [rule, sheet] of rules()) {
    const url = rule instanceof CSSImportRule && local(rule.href, sheet.href ?? document.baseURI);
    if (url) yield { url, show: (href) => exchangeImport(rule, href), owner: sheet.ownerNode };
  }
}

function* imageUses() {
  for (const [selector, attribute] of IMAGES) {
    for (const element of document.querySelectorAll(selector)) {
      const value = element.getAttribute(attribute);
      if (!value) continue;
      // `srcset` is a list of addresses, each with a word about its size
      const parts = attribute === "srcset" ? value.split(/,\s+|(?<=\s[\d.]+[wx]),/) : [value];
      const split = parts.map((part) => part.trim().split(/\s+/));
      for (const entry of split) {
        const url = local(entry[0]);
        const show = (href) => {
          entry[0] = href;
          element.setAttribute(attribute, split.map((words) => words.join(" ")).join(", "));
        };
        if (url) yield { url, show, owner: element };
      }
    }
  }
  for (const [style, base, owner] of declarations()) {
    for (const name of [...style]) {
      const value = style.getPropertyValue(name);
      for (const [whole, ...forms] of value.includes("url(") ? value.matchAll(ADDRESS) : []) {
        const url = local(forms.find(Boolean) ?? "", base);
        const show = (href) => {
          const now = style.getPropertyValue(name).replace(whole, `url("${href}")`);
          style.setProperty(name, now, style.getPropertyPriority(name));
        };
        if (url) yield { url, show, owner };
      }
    }
  }
}

function* rules(sheets = document.styleSheets) {
  for (const sheet of sheets) {
    for (const rule of quietly(() => [...sheet.cssRules]) ?? []) {
      yield* nested(rule, sheet);
      if (rule instanceof CSSImportRule && rule.styleSheet) yield* rules([rule.styleSheet]);
    }
  }
}

function* nested(rule, sheet) {
  yield [rule, sheet];
  for (const inner of rule.cssRules ?? []) yield* nested(inner, sheet);
}

function* declarations() {
  for (const element of document.querySelectorAll("[style*='url(']")) yield [element.style, document.baseURI, element];
  for (const [rule, sheet] of rules()) {
    if (rule.style) yield [rule.style, sheet.href ?? document.baseURI, sheet.ownerNode];
  }
}

const arriving = new Map(); // a link on view: the one that is to take its place

function exchangeLink(link, href) {
  if ([...arriving.values()].includes(link)) return undefined; // the link on view is asked too
  arriving.get(link)?.remove();
  if (link.disabled) return void (link.href = href); // it is loaded when it is switched on
  const fresh = link.cloneNode();
  fresh.href = href;
  fresh.removeAttribute("integrity"); // it is that of the old text
  const done = new Promise((resolve) => {
    const end = (old) => () => {
      if (old === link && link.sheet && fresh.sheet) fresh.sheet.disabled = link.sheet.disabled;
      old.remove();
      if (arriving.get(link) === fresh) arriving.delete(link);
      resolve();
    };
    fresh.addEventListener("load", end(link));
    fresh.addEventListener("error", end(fresh)); // gone for a moment: the next save shows it
  });
  arriving.set(link, fresh);
  link.after(fresh);
  return done;
}

async function exchangeImport(rule, href) {
  const sheet = rule.parentStyleSheet;
  const index = [...sheet.cssRules].indexOf(rule);
  const layer = typeof rule.layerName === "string" ? `layer${rule.layerName && `(${rule.layerName})`}` : "";
  const supports = rule.supportsText ? `supports(${rule.supportsText})` : "";
  const conditions = `${layer} ${supports} ${rule.media?.mediaText ?? ""}`;
  const fresh = sheet.insertRule(`@import url("${href}") ${conditions};`, index + 1);
  for (let i = 0; i < 60 && !quietly(() => sheet.cssRules[fresh].styleSheet?.cssRules); i += 1) await pause(16);
  const arrived = quietly(() => sheet.cssRules[fresh].styleSheet?.cssRules.length);
  sheet.deleteRule(arrived ? index : fresh); // gone for a moment: the next save shows it
}

async function exchangeImage(use, href) {
  const image = new Image();
  image.src = href;
  await image.decode().catch(() => {});
  use.show(href);
}

// Renew what the cache holds under the plain address, or a later page would show the old one again.
function renew(address) {
  const fetching = fetch(address, { cache: "reload", mode: "same-origin" }).then((answer) => answer.arrayBuffer());
  refreshing.add(fetching);
  fetching.catch(() => {}).finally(() => refreshing.delete(fetching));
  return fetching;
}

function best(uses, file) {
  const counted = [...uses].map((use) => [agreement(use.url, file), use]);
  const most = Math.max(0, ...counted.map(([count]) => count));
  return most ? counted.filter(([count]) => count === most).map(([, use]) => use) : [];
}

// Addresses that this page has loaded from a file, whatever for.
function loaded(file) {
  const urls = performance.getEntriesByType("resource").map((entry) => ({ url: local(entry.name) }));
  return best(urls.filter(({ url }) => url), file).map(({ url }) => plain(url));
}

// Exchange one file where it is used; false when the page must be loaded afresh to show it.
function swapFile({ path, kind, served, own }, number) {
  const uses = kind === "style" ? best(styleUses(), path) : kind === "image" ? best(imageUses(), path) : [];
  if (!uses.length) {
    const addresses = new Set(loaded(path));
    addresses.forEach(renew);
    return own || (served && !addresses.size);
  }
  const change = kind === "style" ? (use, href) => use.show(href) : exchangeImage;
  const changes = uses.filter((use) => !off("no-swap", use.owner)).map((use) => change(use, marked(use.url, `${state.run}.${number}`)));
  new Set(uses.map((use) => plain(use.url))).forEach(renew);
  Promise.allSettled(changes).then(() => announce("after-swap", { path, kind }));
  return true;
}

// Let the page that comes next have the new text of these files.
function renewFiles(files) {
  for (const { path } of files) new Set(loaded(path)).forEach(renew);
}

// True when all files were exchanged, or do not concern this page.
function swap({ files, id }) {
  if (files.some((file) => file.kind === "page")) return false;
  if (off("no-swap")) return true;
  return files.map((file) => swapFile(file, id)).every(Boolean);
}
