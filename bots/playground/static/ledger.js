// What the ledger recorded: every message has exactly one outcome, and they add up to all of them.

import { keyedList, make, setText, shortened, timeOf } from "./elements.js";
import { nameOf, origin } from "./origin.js";
import { OUTCOMES } from "./skins.js";

const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);
const plain = (rule) => rule.replaceAll("_", " ");
const REPLIES = { ambiguous: "perhaps posted", failed: "reply failed", held: "waits for approval", pending: "to be sent", sending: "being sent" };

/** The sentence on replies that could not be posted, and those of which nobody knows. */
export const alarmOf = (count) => (count === 1 ? "1 reply needs a person" : `${count} replies need a person`);

export const ledgerPanel = () => {
  const alarm = make("p", { class: "trouble", hidden: true });
  const total = make("p", { class: "total" });
  const bar = make("div", { class: "bar", "aria-hidden": "true" });
  const legend = make("ul", { class: "legend" });
  const rows = make("ol", { class: "rows", "aria-label": "Messages, newest first" });
  const none = make("p", { class: "empty" }, "Nothing recorded yet. Every message that reaches the bot stands here, with what became of it and by which rule.");
  const node = make("div", { class: "panel ledger" }, alarm, total, bar, legend, none, rows);

  const showBar = keyedList(bar, () => {
    const part = make("span");
    return { node: part, show({ outcome, count }) { part.className = `outcome ${outcome}`; part.style.flexGrow = count; } };
  });
  const showLegend = keyedList(legend, () => {
    const item = make("li");
    return {
      node: item,
      show({ outcome, label, count, rules }) {
        item.replaceChildren(make("span", { class: `outcome ${outcome}` }), make("b", {}, String(count)), ` ${label}`, ...(rules ? [make("small", {}, rules)] : []));
      },
    };
  });
  const showRows = keyedList(rows, () => {
    const row = make("li");
    return {
      node: row,
      show({ at, channel, kind, author, for: whom, text, outcome, rule, entry, score, ticket, replies }) {
        const words = text ? shortened(text, 90) : kind === "created" ? "(its words are not kept)" : `(${kind})`;
        row.title = [`${nameOf(channel)}, ${kind}`, entry && `FAQ entry ${entry}`, score !== null && score !== undefined && `score ${Number(score).toFixed(2)}`].filter(Boolean).join(" · ");
        row.replaceChildren(
          origin(channel), make("span", { class: "words", dir: "auto" }, author && make("b", {}, whom ? `${author} for ${whom}` : author), author && " ", make("span", { class: text ? null : "quiet" }, words)), timeOf(at),
          make("span", { class: `verdict ${outcome || "undecided"}` }, make("span", { class: `outcome ${outcome || "undecided"}` }), OUTCOMES[outcome] ?? (outcome || "Being decided"), rule && make("code", {}, plain(rule)),
            ticket && make("b", {}, ticket), ...replies.filter(({ state }) => state in REPLIES).map(({ state }) => make("em", {}, REPLIES[state]))));
      },
    };
  });

  return {
    node,
    show({ ledger }) {
      const counted = Object.entries({ ...Object.fromEntries(Object.keys(OUTCOMES).map((outcome) => [outcome, {}])), ...ledger.outcomes })
        .map(([outcome, rules]) => ({ key: outcome, outcome, label: OUTCOMES[outcome] ?? outcome, count: sum(rules), rules: Object.entries(rules).map(([rule, count]) => `${plain(rule)} ${count}`).join(", ") }))
        .filter(({ count }) => count > 0);
      if (ledger.undecided) counted.push({ key: "undecided", outcome: "undecided", label: "being decided", count: ledger.undecided, rules: "" });
      const decided = ledger.messages - ledger.undecided;
      const share = ledger.messages ? Math.floor((100 * decided) / ledger.messages) : 100;
      total.hidden = ledger.messages === 0;
      total.replaceChildren(make("b", {}, `${decided} of ${ledger.messages}`), ` messages have exactly one outcome: ${share} %. `, ledger.adds_up ? "It adds up." : make("strong", {}, "It does not add up!"));
      const count = ledger.needs_person;
      alarm.hidden = count === 0;
      setText(alarm, count ? `${alarmOf(count)}: it could not be posted, or nobody knows whether it was. The rows below say which.` : "");
      showBar(counted);
      showLegend(counted);
      showRows(ledger.rows.map((row) => ({ key: row.id, ...row })));
      none.hidden = ledger.rows.length > 0;
    },
    alarm: ({ ledger }) => ledger.needs_person,
    count: () => 0,
  };
};
