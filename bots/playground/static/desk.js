// The built-in desk: its tickets, one of them open, and what an agent does there; or the way to a desk elsewhere.

import { act } from "./api.js";
import { elsewherePanel } from "./elsewhere.js";
import { keyedList, make, setText, shortened, timeOf } from "./elements.js";
import { origin } from "./origin.js";

const OVER = ["resolved", "closed"];
const STATUS = { new: "new", open: "open", pending: "waiting for the user", on_hold: "on hold", resolved: "resolved", closed: "closed" };
const KINDS = { reply: "Agent", note: "Internal note", status: "Status" };

const pill = (status) => make("span", { class: `status ${status}` }, STATUS[status] ?? status);

export const deskPanel = () => {
  let tickets = [], chosen = "", byHand = false;
  const drafts = new Map();

  const rows = make("div", { class: "tickets", role: "group", "aria-label": "Tickets" });
  const none = make("p", { class: "empty" }, "No tickets yet. Let somebody complain, or press “Moderate” under a network.");
  const heading = make("h3", { tabindex: "-1" });
  const facts = make("p", { class: "facts" });
  const entries = make("div", { class: "entries", role: "log", "aria-live": "off", "aria-label": "The ticket", tabindex: "0" });
  const undelivered = make("p", { class: "trouble", role: "alert", hidden: true });
  const input = make("textarea", { rows: "2", dir: "auto", placeholder: "Answer as the agent…", "aria-label": "Answer as the agent", autocomplete: "off", spellcheck: "false" });
  const answer = make("button", { type: "submit", class: "primary" }, "Send answer");
  const resolve = make("button", { type: "button", onclick: () => settle() }, "Resolve");
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const form = make("form", { class: "answer" }, input, make("div", { class: "line" }, answer, resolve), trouble);
  const ticket = make("div", { class: "ticket", hidden: true }, heading, facts, entries, undelivered, form);
  const elsewhere = elsewherePanel();
  const node = make("div", { class: "panel desk" }, elsewhere.node, none, rows, ticket);

  const tell = (sentence) => { trouble.hidden = !sentence; setText(trouble, sentence); };
  const attempt = async (verb, body) => {
    try {
      await act(`desk/${verb}`, body);
      tell("");
      return true;
    } catch (error) {
      tell(error.message);
      return false;
    }
  };
  const send = async () => {
    const text = input.value.trim(), number = chosen;
    if (!text) { input.focus(); return true; }
    answer.disabled = true;
    const done = await attempt("reply", { number, text });
    answer.disabled = false;
    if (!done) return false;
    drafts.delete(number);
    if (chosen === number && input.value.trim() === text) input.value = "";
    return true;
  };
  /** What is written already goes out before the ticket is resolved. */
  const settle = async () => { if (!input.value.trim() || await send()) await attempt("resolve", { number: chosen }); };
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  });

  // Who does anything on a ticket has chosen it: a newer one does not take its place.
  for (const kind of ["pointerdown", "keydown", "input", "wheel"]) ticket.addEventListener(kind, () => { byHand = true; }, { passive: true });

  const choose = (number) => {
    if (chosen) drafts.set(chosen, input.value);
    chosen = number;
    input.value = drafts.get(number) ?? "";
    tell("");
  };

  const showRows = keyedList(rows, ({ key }) => {
    const button = make("button", { type: "button", onclick: () => { byHand = true; choose(key); render(); } });
    return {
      node: button,
      show(item) {
        button.setAttribute("aria-pressed", String(item.isChosen));
        button.replaceChildren(origin(item.channel), make("b", {}, item.number), pill(item.status), timeOf(item.changed_at),
          make("span", { class: "words", dir: "auto" }, `${item.requester}: ${shortened(item.subject, 80)}`));
      },
    };
  });
  const showEntries = keyedList(entries, () => {
    const text = make("div", { class: "text", dir: "auto" });
    const meta = make("p", { class: "meta" });
    const entry = make("div", {}, meta, text);
    return {
      node: entry,
      show({ kind, author, text: words, at }) {
        entry.className = `entry ${kind}`;
        meta.replaceChildren(make("b", { dir: "auto" }, author || KINDS[kind] || "User"), ...(kind === "reply" && author ? ["answered"] : []), timeOf(at));
        setText(text, words);
      },
    };
  });

  const render = () => {
    if (!tickets.some(({ number }) => number === chosen)) byHand = false;
    const newest = tickets[0]?.number ?? "";
    if (!byHand && chosen !== newest && !input.value.trim()) choose(newest);
    const now = tickets.find(({ number }) => number === chosen);
    none.hidden = tickets.length > 0 || !elsewhere.node.hidden;
    rows.hidden = ticket.hidden = !now;
    showRows(tickets.map(({ number, subject, status, requester, channel, changed_at }) => ({ key: number, number, subject, status, requester, channel, changed_at, isChosen: number === chosen })));
    if (!now) return;
    const isOver = OVER.includes(now.status);
    const changed = heading.textContent !== `${now.number} ${now.subject}`;
    setText(heading, `${now.number} ${now.subject}`);
    heading.title = now.subject;
    facts.replaceChildren(origin(now.channel), make("span", { dir: "auto" }, now.requester), pill(now.status), ...(now.priority && now.priority !== "normal" ? [make("span", { class: "priority" }, now.priority)] : []),
      ...now.tags.map((tag) => make("span", { class: "tag" }, tag)), ...(now.rating ? [make("span", { class: "rating", "aria-label": `rated ${now.rating} of 5` }, "★".repeat(now.rating) + "☆".repeat(5 - now.rating))] : []));
    const before = entries.childElementCount;
    showEntries(now.entries.map((entry, index) => ({ key: `${now.number} ${index}`, ...entry })));
    if (changed || entries.childElementCount !== before) entries.scrollTop = entries.scrollHeight;
    undelivered.hidden = now.undelivered.length === 0;
    setText(undelivered, now.undelivered.join(" "));
    resolve.disabled = isOver;
    setText(resolve, isOver ? "Resolved" : "Resolve");
  };

  return {
    node,
    show({ desk, pages }) { ({ tickets } = desk); elsewhere.show(pages, desk.elsewhere); render(); },
    count: ({ desk }) => [...desk.tickets, ...desk.elsewhere].filter(({ status }) => !OVER.includes(status)).length,
  };
};
