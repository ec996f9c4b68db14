// What goes wrong in the page, on its way to the developer's terminal. Waits until the server says that it wants it.

const MOST = 30; // reports of one page
const LONGEST = 2000;
const seen = new Set();
let waiting = []; // null: nobody wants them
let wanted = false;
let leaving = false;

function report(kind, message, { source = "", line = 0, stack = "" } = {}) {
  const cut = (text) => String(text ?? "").slice(0, LONGEST);
  const body = { kind, message: cut(message), source: cut(source), line, stack: cut(stack), page: location.pathname };
  const key = [kind, body.message, body.source, line].join("\n");
  if (leaving || !waiting || seen.has(key) || seen.size >= MOST || off("no-report")) return;
  seen.add(key);
  waiting.push(JSON.stringify(body));
  if (wanted) deliver();
}

function wantReports(yes) {
  wanted = yes;
  if (yes) deliver();
  else waiting = null;
}

function deliver() {
  const headers = { "content-type": "application/json" };
  for (const body of waiting?.splice(0) ?? []) {
    fetch(`${home}report`, { method: "POST", headers, body, keepalive: true }).catch(() => {});
  }
}

addEventListener("pagehide", () => (leaving = true));
addEventListener("pageshow", () => (leaving = false));

addEventListener(
  "error",
  (event) => {
    if (event.target instanceof Element) failedResource(event.target);
    else if (!/^(chrome|moz|safari-web)-extension:/.test(event.filename) && !/^ResizeObserver loop/.test(event.message))
      report("error", event.message, { source: event.filename, line: event.lineno, stack: event.error?.stack });
  },
  true,
);

function failedResource(element) {
  const address = element.currentSrc || element.src || element.href || element.data;
  if (typeof address !== "string" || !address || address.startsWith("data:") || address.includes(`${MARK}=`)) return;
  report("resource", `<${element.tagName.toLowerCase()}> could not load ${local(address)?.pathname ?? address}`);
}

addEventListener("unhandledrejection", ({ reason }) => {
  if (reason?.name === "AbortError") return;
  report("rejection", `Unhandled rejection: ${reason?.message ?? reason}`, { stack: reason?.stack });
});

// htmx 1 and 2 put an XMLHttpRequest in the detail, htmx 4 a context
const HTMX = {
  "htmx:responseError": ({ xhr, pathInfo }) => `answered ${xhr?.status}: ${pathInfo?.requestPath ?? ""}`,
  "htmx:sendError": ({ pathInfo }) => `could not be sent: ${pathInfo?.requestPath ?? ""}`,
  "htmx:timeout": ({ pathInfo }) => `timed out: ${pathInfo?.requestPath ?? ""}`,
  "htmx:swapError": ({ pathInfo }) => `could not be swapped in: ${pathInfo?.requestPath ?? ""}`,
  "htmx:targetError": ({ target }) => `has no target ${target}`,
  "htmx:response:error": ({ ctx }) => `answered ${ctx?.response?.status}: ${ctx?.request?.action ?? ""}`,
  "htmx:error": ({ ctx, error }) => ctx && `failed: ${error?.message ?? error} ${ctx.request?.action ?? ""}`,
};
for (const [name, text] of Object.entries(HTMX)) {
  document.addEventListener(name, ({ detail }) => {
    const words = quietly(() => text(detail ?? {}));
    if (words) report("htmx", `HTMX request ${words}`);
  });
}
