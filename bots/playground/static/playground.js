// The playground: four simulated networks, the bot between them, the desk beside. The server's state is shown as it comes.

import { act, watch } from "./api.js";
import { column } from "./column.js";
import { announce, announcer, icon, keyedList, make, setText } from "./elements.js";
import { nameOf } from "./origin.js";
import { side } from "./side.js";

const BOT = {
  running: "The bot is running", starting: "The bot is starting…", killed: "The bot is killed",
  restarting: "The bot died and is starting again…",
};

const remembered = {
  get(name) { try { return localStorage.getItem(`playground:${name}`); } catch { return null; } },
  set(name, value) { try { localStorage.setItem(`playground:${name}`, value); } catch { /* lasts as long as the page */ } },
};

// ---- The bar on top: the bot, its life and death ----

const light = make("span", { class: "light", "aria-hidden": "true" });
const health = make("span", { class: "health", role: "status" });
const detail = make("span", { class: "detail" });
const kill = make("button", { type: "button", class: "danger", title: "kill -9: no goodbye, no tidying up", onclick: () => steer("kill", kill) }, "Kill the bot");
const start = make("button", { type: "button", class: "primary", hidden: true, onclick: () => steer("start", start) }, "Start it again");
const hints = make("button", { type: "button", class: "quiet", "aria-controls": "hint", onclick: () => showHint(hint.hidden) }, "Show me how");
const theme = make("button", { type: "button", class: "quiet square", "aria-label": "Light or dark", title: "Light or dark", onclick: () => turn() }, icon("moon"));
const banner = make("p", { class: "banner", role: "alert", hidden: true });
const notice = make("p", { class: "banner dead", role: "status", hidden: true });

const steer = async (verb, button) => {
  button.disabled = true;
  try {
    const { said } = await act(`bot/${verb}`);
    tell("");
    if (said) announce(said);
  } catch (error) {
    tell(error.message);
  }
  button.disabled = false;
};
const tell = (sentence) => { banner.hidden = !sentence; setText(banner, sentence); };

const turn = () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  theme.replaceChildren(icon(isDark ? "moon" : "sun"));
  remembered.set("theme", root.dataset.theme);
};
const earlier = remembered.get("theme");
if (earlier) document.documentElement.dataset.theme = earlier;

// ---- The first-use hint ----

const step = (number, words) => make("li", {}, make("b", {}, number), words);
const hint = make("section", { class: "hint", id: "hint", "aria-label": "Three things to try" },
  make("p", {}, make("strong", {}, "Try in any network:")),
  make("ol", {}, step("1", "Ask what the FAQ knows"), step("2", "Complain in public"), step("3", "As moderator, open a ticket for it")),
  make("p", {}, "The numbered buttons fill in an example, Enter sends it. Then answer at the desk."),
  make("button", { type: "button", class: "quiet square", "aria-label": "Close the hint", title: "Close", onclick: () => showHint(false) }, icon("close")));
const showHint = (on) => {
  hint.hidden = !on;
  hints.setAttribute("aria-expanded", String(on));
  remembered.set("hint", on ? "open" : "closed");
};

// ---- The stage ----

const desk = side();
const columns = new Map();
const networks = make("div", { class: "networks" });
const waiting = make("p", { class: "empty waiting", role: "status" }, "Setting the stage…");
const nav = make("nav", { class: "jump", "aria-label": "Go to" });
const main = make("main", {}, waiting, networks, desk.node);
networks.hidden = desk.node.hidden = true;

document.body.append(
  make("header", { class: "top" },
    make("h1", {}, make("span", { class: "logo", "aria-hidden": "true" }), "firstline", make("small", {}, "playground")),
    make("div", { class: "bot" }, light, health, detail, kill, start),
    make("div", { class: "tools" }, hints, theme)),
  banner, notice, hint, main, nav, announcer);
showHint(remembered.get("hint") !== "closed");

const showNav = keyedList(nav, ({ key, label }) => {
  const button = make("button", { type: "button", onclick: () => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.getElementById(key)?.scrollIntoView({ behavior: still ? "instant" : "smooth", inline: "start", block: "nearest" });
  } }, icon(key === "side" ? "webchat" : key), make("span", {}, label));
  return { node: button, show() {} };
});
const fit = () => nav.classList.toggle("needed", main.scrollWidth > main.clientWidth + 4);
new ResizeObserver(fit).observe(main);

const connectionOf = (bot, { network, faults }) => {
  if (bot.state !== "running") return { kind: "down", sentence: "bot is down" };
  if (faults.includes("offline") || faults.includes("server_error")) return { kind: "broken", sentence: "network is broken now" };
  if (faults.includes("rate_limit")) return { kind: "broken", sentence: "network refuses writes now" };
  const here = bot.channels[network];
  if (here === "on") return { kind: "on", sentence: "bot is here" };
  return here === "refused" ? { kind: "refused", sentence: "bot was refused" } : { kind: "off", sentence: "bot is not connected" };
};

const showBot = (bot) => {
  light.className = `light ${bot.state}`;
  setText(health, BOT[bot.state] ?? bot.state);
  setText(detail, [bot.pid && `process ${bot.pid}`, bot.starts > 1 && `started ${bot.starts} times`].filter(Boolean).join(" · "));
  kill.hidden = bot.state === "killed" || bot.state === "restarting";
  start.hidden = bot.state !== "killed";
  notice.hidden = bot.state === "running" || bot.state === "starting";
  setText(notice, bot.state === "killed"
    ? "The bot is dead. Go on writing: the networks keep it, and once started the bot answers what it missed, once."
    : `The bot stopped by itself and comes back. ${bot.notice}`);
};

const show = (state) => {
  tell(state.simulators);
  showBot(state.bot);
  waiting.hidden = true;
  networks.hidden = desk.node.hidden = false;
  for (const view of state.networks) {
    if (!columns.has(view.network)) {
      const part = column(view.network);
      columns.set(view.network, part);
      networks.append(part.node);
    }
    columns.get(view.network).show(view, connectionOf(state.bot, view));
  }
  desk.show(state);
  if (nav.childElementCount !== columns.size + 1) requestAnimationFrame(fit);  // columns that came do not resize what holds them
  showNav([...columns.keys()].map((network) => ({ key: network, label: nameOf(network) })).concat({ key: "side", label: "Desk" }));
};

watch(show, (sentence) => { tell(sentence); light.className = "light lost"; });
