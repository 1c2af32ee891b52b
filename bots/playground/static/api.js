// The playground's own server: the state as it changes, and what people do. Every error is a sentence for people.

const GONE = "The playground does not answer. If you stopped it, start it again with `make run`; this page comes back by itself.";
const FORGOTTEN = "This address is of an earlier run. Open the one that the terminal shows now.";
const RETRY_MS = 1000;

const token = () => location.hash.slice(1);
const headers = (more = {}) => ({ Authorization: `Bearer ${token()}`, ...more });
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
  return response.json();
};

const fetchState = async (mark) => {
  try {
    return await fetch(`/api/state${mark && `?since=${encodeURIComponent(mark)}`}`, { headers: headers(), cache: "no-store" });
  } catch {
    return null;
  }
};

/** Hands every new state to `show`, for ever; `lost` hears why none comes. */
export const watch = async (show, lost) => {
  let mark = "";
  for (;;) {
    const response = await fetchState(mark);
    if (response?.status === 204) continue;
    const state = response?.ok ? await response.json().catch(() => null) : null;
    if (state) {
      mark = state.mark;
      show(state);
      continue;
    }
    lost(response && !response.ok ? await sentenceOf(response) : GONE);
    mark = "";
    await pause(RETRY_MS);
  }
};
