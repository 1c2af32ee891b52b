// The side: the built-in desk, what the ledger recorded, texts that wait for a person, and the live chat.

import { approvalsPanel } from "./approvals.js";
import { deskPanel } from "./desk.js";
import { make, setText } from "./elements.js";
import { alarmOf, ledgerPanel } from "./ledger.js";

const chatPanel = () => {
  const frame = make("iframe", { title: "Live chat", class: "chat", hidden: true });
  const link = make("a", { target: "_blank", rel: "noopener" }, "Open it in a tab of its own");
  const down = make("p", { class: "empty" }, "The live chat is part of the bot. Start the bot to use it.");
  let shown = "";
  const node = make("div", { class: "panel chat-panel" }, make("p", { class: "note" }, "The bot's own live chat, as your site would show it. ", link), frame, down);
  return {
    node,
    show({ bot }, isOpen) {
      const url = bot.state === "running" || shown ? bot.chat_url : "";
      link.hidden = frame.hidden = !url;
      down.hidden = Boolean(url);
      if (!url || !isOpen || shown === url) return;  // loaded once somebody looks; a restart is the widget's own matter
      shown = link.href = url;
      frame.src = `/static/livechat.html#${encodeURIComponent(url)}`;
    },
    count: () => 0,
  };
};

export const side = () => {
  const panels = [
    { id: "desk", label: "Desk", part: deskPanel() },
    { id: "ledger", label: "Ledger", part: ledgerPanel() },
    { id: "approvals", label: "Approvals", part: approvalsPanel() },
    { id: "chat", label: "Live chat", part: chatPanel() },
  ];
  let open = "desk", state = null;
  const list = make("div", { class: "tabs", role: "tablist", "aria-label": "Beside the networks" });
  const node = make("section", { class: "side", id: "side", "aria-label": "Desk, ledger, approvals and live chat" }, list);
  for (const panel of panels) {
    panel.count = make("span", { class: "count", hidden: true });
    panel.alarm = make("span", { class: "count alarm", hidden: true });
    panel.tab = make("button", { type: "button", role: "tab", id: `tab-${panel.id}`, "aria-controls": `panel-${panel.id}`, onclick: () => choose(panel.id) }, panel.label, panel.count, panel.alarm);
    Object.entries({ id: `panel-${panel.id}`, role: "tabpanel", "aria-labelledby": `tab-${panel.id}` }).forEach(([name, value]) => panel.part.node.setAttribute(name, value));
    list.append(panel.tab);
    node.append(panel.part.node);
  }
  const render = () => {
    for (const { id, tab, part, count, alarm } of panels) {
      const isOpen = id === open;
      tab.setAttribute("aria-selected", String(isOpen));
      tab.tabIndex = isOpen ? 0 : -1;
      part.node.hidden = !isOpen;
      if (!state) continue;
      part.show(state, isOpen);
      const waiting = part.count(state);
      count.hidden = !waiting;
      setText(count, String(waiting || ""));
      const needed = part.alarm?.(state) ?? 0;
      alarm.hidden = !needed;
      alarm.title = needed ? alarmOf(needed) : "";
      if (needed) alarm.replaceChildren(`! ${needed}`, make("span", { class: "unseen" }, ` ${alarmOf(needed)}`));
    }
  };
  const choose = (id) => { open = id; render(); };
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = panels.at((panels.findIndex(({ id }) => id === open) + step) % panels.length);
    choose(next.id);
    next.tab.focus();
    event.preventDefault();
  });
  render();
  return { node, show(next) { state = next; render(); } };
};
