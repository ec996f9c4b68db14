// The server's word: one stream of events. Browsers open six connections to a server, so only two tabs hold one; the
// others hear it from them.

const SLOTS = 2;
const SILENCE = 40_000; // ms; the server says something every 15 s
const SLOWEST = 3_000; // ms between two attempts
const ASK = { type: "look" }; // from tab to tab: ask the server yourself

function openChannel(receive, state, gone) {
  const tabs = typeof BroadcastChannel === "function" ? new BroadcastChannel(`fh-dash:${token}`) : null;
  let stop = new AbortController(); // ends the stream and what waits for a slot
  let retry = () => {}; // cuts the pause before the next attempt short
  let heard = Date.now();
  let connected = null; // aborts the stream

  const address = (more = "") => `${home}events?run=${state.run}&since=${state.last}${more}`;

  function parse(text) {
    const line = text.split("\n").find((part) => part.startsWith("data:"));
    return line ? JSON.parse(line.slice(5)) : null;
  }

  // A message of the stream is for all tabs; what a greeting says is for one, but a new server is news to all.
  function take(message) {
    if (message?.id) tabs?.postMessage(message);
    else if (message && message.run !== state.run) tabs?.postMessage(ASK);
    if (message) receive(message);
  }

  async function ask(signal, more) {
    const headers = { accept: "text/event-stream" };
    const answer = await fetch(address(more), { cache: "no-store", headers, signal });
    if (answer.status === 410) {
      if (!more) tabs?.postMessage(ASK);
      stop.abort();
      gone();
    }
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  }

  async function stream(signal) {
    const answer = await ask(signal);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard = Date.now();
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      parts.map(parse).forEach(take);
    }
  }

  async function hold(signal) {
    let delay = 50;
    while (!signal.aborted) {
      connected = new AbortController();
      const both = () => connected.abort();
      signal.addEventListener("abort", both);
      heard = Date.now();
      await stream(connected.signal).then(() => (delay = 50), () => {});
      state.lost = true;
      signal.removeEventListener("abort", both);
      if (signal.aborted) return;
      await Promise.race([pause(delay), new Promise((resolve) => (retry = resolve))]);
      delay = Math.min(delay * 2, SLOWEST);
    }
  }

  // Hold a stream for as long as the page is shown, once a slot is free. Without locks (plain http on a network address)
  // each tab has its own.
  function start() {
    stop = new AbortController();
    const { signal } = stop;
    if (!navigator.locks || !tabs) return void hold(signal);
    const queue = new AbortController();
    signal.addEventListener("abort", () => queue.abort());
    let mine = false;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const run = () => {
        if (mine || signal.aborted) return undefined;
        mine = true;
        setTimeout(() => queue.abort()); // the other slot is for others
        return hold(signal);
      };
      navigator.locks.request(`fh-dash:${token}:${slot}`, { signal: queue.signal }, run).catch(() => {});
    }
    setTimeout(() => mine || catchUp(), 50);
  }

  async function catchUp() {
    const answer = await ask(stop.signal, "&once").catch(() => null);
    const message = answer && parse(await answer.text());
    if (message) receive(message);
  }

  if (tabs) tabs.onmessage = ({ data }) => (data.type === ASK.type ? connected ?? catchUp() : receive(data));
  setInterval(() => Date.now() - heard > SILENCE && connected?.abort(), 10_000);
  const wake = () => {
    if (document.visibilityState !== "visible") return;
    if (connected && Date.now() - heard > SILENCE) connected.abort();
    retry();
    if (!connected) catchUp();
  };
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pagehide", () => stop.abort()); // or the page could not be kept for the back button
  addEventListener("pageshow", (event) => event.persisted && start());
  start();
}
