// The playground's own server: the state as it changes, and what people do. Every error is a sentence for people.

const GONE = "The playground does not answer. If you stopped it, start it again with `make run`; this page comes back by itself.";
const FORGOTTEN = "This address is of an earlier run. Open the one that the terminal shows now.";
const RETRY_MS = 1000;

const token = () => location.hash.slice(1);
const headers = (more = {}) => ({ Authorization: `Bearer ${token()}`, ...more });
let waiting = new AbortController();  // the request that waits for the next state
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const sentenceOf = async (response) => {
  if (response.status === 401) return FORGOTTEN;
  try {
    return (await response.json()).error || `The playground refused this (${response.status}).`;
  } catch {
    return `The playground could not do this (${response.status}). Its terminal says more.`;
  }
};

/** Do something; gives the answer's JSON, raises an Error whose message is for people. */
export const act = async (path, body = {}) => {
  let response;
  try {
    response = await fetch(`/api/${path}`, { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body) });
  } catch {
    throw new Error(GONE);
  }
  if (!response.ok) throw new Error(await sentenceOf(response));
  waiting.abort();  // asked anew, the server looks at once: one sees what one did without waiting for its next look
  return response.json();
};

const fetchState = async (mark) => {
  try {
    waiting = new AbortController();
    const response = await fetch(`/api/state${mark && `?since=${encodeURIComponent(mark)}`}`, { headers: headers(), cache: "no-store", signal: waiting.signal });
    return { status: response.status, state: response.status === 200 ? await response.json() : null, problem: response.status > 299 ? await sentenceOf(response) : "" };
  } catch {
    return { status: waiting.signal.aborted ? 204 : 0, state: null, problem: GONE };
  }
};

/** Hands every new state to `show`, for ever; `lost` hears why none comes. */
export const watch = async (show, lost) => {
  let mark = "";
  for (;;) {
    const { status, state, problem } = await fetchState(mark);
    if (status === 204) continue;
    if (state) {
      mark = state.mark;
      show(state);
      continue;
    }
    lost(problem);
    mark = "";
    await pause(RETRY_MS);
  }
};
