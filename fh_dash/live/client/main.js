// What the messages mean, and how a page is loaded afresh.

const state = { run: born.run, last: born.last, lost: false }; // lost: the channel ended, and is not back yet
let otherRun = false; // the server was started anew since this page was made
let reloading = false;
let departing = 0; // when the person was about to leave by themselves
let broken = false; // the newest save could not be loaded
let outdated = null; // a reload that waits until it can
let newest = born.last; // number of the last message that the server has told of

// A reload may bring the same page again: a service worker of the app keeps it. It is not tried twice.
const TRIED = "fh-dash:tried";
const tried = quietly(() => sessionStorage.getItem(TRIED));
quietly(() => sessionStorage.removeItem(TRIED));

addEventListener("beforeunload", (event) => {
  if (reloading) event.stopImmediatePropagation(); // what the person typed is put back: no need to ask
  else departing = Date.now();
}, true);

// A frame is loaded together with the page around it.
const framed = () => Boolean(quietly(() => parent !== window && parent[KEY]));

async function reload(detail) {
  if (reloading || framed() || off("no-reload")) return;
  const bare = (href) => href.split("#")[0];
  if (born.sent && bare(location.href) === bare(born.href)) return showOutOfDate(detail.generation);
  const attempt = [born.moment, state.run, newest].join(" ");
  if (attempt === tried) return;
  if (!announce("before-reload", detail, true)) return;
  reloading = true;
  quietly(() => sessionStorage.setItem(TRIED, attempt));
  hide();
  if (refreshing.size) await Promise.race([Promise.allSettled([...refreshing]), pause(500)]);
  const wait = departing + 3000 - Date.now();
  keep(detail);
  markRequest();
  // Firefox would put all fields back itself, hidden ones and untouched ones included
  for (const field of document.querySelectorAll("input, select, textarea, button")) field.setAttribute("autocomplete", "off");
  if (wait > 0) await pause(wait); // a link was clicked: the page that comes is fresh anyway
  location.reload();
  setTimeout(() => (reloading = false), 10_000); // the answer was no page
}

// The server takes this cookie out of the request, and knows that nobody asked for the page.
function markRequest() {
  const path = /[;,]/.test(location.pathname) ? "/" : location.pathname;
  quietly(() => (document.cookie = `fh_dash_reload=1; path=${path}; max-age=20; samesite=strict`));
}

function unmarkRequest() {
  if (!quietly(() => document.cookie.includes("fh_dash_reload="))) return;
  for (const path of [location.pathname, "/"]) {
    document.cookie = `fh_dash_reload=; path=${path}; max-age=0; samesite=strict`;
  }
}

const ON = {
  hello(message) {
    state.lost = false;
    if (message.run === state.run && message.last < state.last) return; // overtaken by newer words
    newest = message.last;
    broken ||= Boolean(message.error);
    wantReports(message.reports);
    if (message.run !== state.run) {
      otherRun = true;
      [state.run, state.last] = [message.run, message.last];
    }
    if (otherRun || message.gap) {
      if (message.generation && !message.error) return void reload({ generation: message.generation, changed: [] });
    } else {
      message.missed.forEach(receive);
      state.last = Math.max(state.last, message.last);
    }
    if (message.error && !(born.own && message.error.id <= born.last)) showError(message.error);
    else if (!message.error && broken) cleared();
  },
  reload(message) {
    cleared();
    if (!otherRun && message.generation <= born.generation) return;
    renewFiles(message.files);
    reload({ generation: message.generation, changed: message.changed });
  },
  assets(message) {
    if (!announce("before-swap", message, true) || swap(message)) return;
    const detail = { generation: born.generation, changed: message.files.map((file) => file.path) };
    if (broken) outdated = detail;
    else reload(detail);
  },
  error(message) {
    broken = true;
    showError(message.error);
  },
  mended: cleared,
  exception(message) {
    if (message.page === location.pathname) showError(message.error);
  },
};

function cleared() {
  if (broken) hide();
  broken = false;
  if (outdated) reload(outdated);
}

function receive(message) {
  if (message.id) {
    if (message.id <= state.last) return;
    state.last = message.id;
    newest = Math.max(newest, message.id);
  }
  ON[message.type]?.(message);
}

// Somebody else reloads the page after the server was started anew, such as FastHTML's own script.
addEventListener("pagehide", () => state.lost && !reloading && keep({ generation: 0, changed: [] }));

unmarkRequest();
putBack();
const begin = () =>
  openChannel(receive, state, () => reload({ generation: 0, changed: [] }));
if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
else begin();
