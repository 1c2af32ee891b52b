// The live chat's widget: <script src="https://bot.example/widget.js" async></script> puts it on any page.
// Optional: data-title, data-language, data-position ("right" or "left"), data-mode="page" (fills the page).
// Whatever comes from outside is shown as text nodes only. Works under a strict CSP: no inline style, no eval, no HTML sinks.
(() => {
  "use strict";

  const script = document.currentScript;
  const options = { ...script.dataset };
  const base = new URL(".", script.src);
  const asPage = options.mode === "page";
  const language = options.language || navigator.language || "en";

  const STRINGS = {
    en: {
      title: "Support", open: "Open the chat", close: "Close the chat", send: "Send", label: "Your message",
      placeholder: "Write a message…", log: "Conversation", user: "You", bot: "Assistant", agent: "Support agent",
      welcome: "Hello! Ask your question here. You get an answer right away, or a ticket for our team.",
      connecting: "Connecting…", online: "Connected", offline: "No connection. Your messages are kept and sent as soon as it is back.",
      sending: "Sending…", queued: "Waiting for the connection", sent: "Sent", failed: "Not sent",
      typing: "The assistant is writing…", choices: "Choices", chosen: "chosen", today: "Today", yesterday: "Yesterday",
      tooLong: (n, max) => `Your message has ${n} characters; at most ${max} are possible. Please shorten it or send it in parts.`,
      left: (n) => `${n} left`,
      tooFast: (s) => `You are writing faster than we can read; your message is kept and sent in ${s} s.`,
      tooMany: (s) => `Many new chats are being started here; yours begins in ${s} s. Your messages are kept.`,
      notOffered: "This choice is no longer possible. Please write what you need.",
      replaced: "Your earlier conversation could not be continued here; this is a new one.",
      removed: "Removed for your safety", unread: (n) => `${n} new`, hint: "Enter sends, Shift+Enter makes a new line",
    },
    nl: {
      title: "Klantenservice", open: "Open de chat", close: "Sluit de chat", send: "Verstuur", label: "Uw bericht",
      placeholder: "Schrijf een bericht…", log: "Gesprek", user: "U", bot: "Assistent", agent: "Medewerker",
      welcome: "Hallo! Stel hier uw vraag. U krijgt meteen antwoord, of een ticket voor ons team.",
      connecting: "Verbinden…", online: "Verbonden", offline: "Geen verbinding. Uw berichten worden bewaard en verstuurd zodra die terug is.",
      sending: "Versturen…", queued: "Wacht op verbinding", sent: "Verstuurd", failed: "Niet verstuurd",
      typing: "De assistent schrijft…", choices: "Keuzes", chosen: "gekozen", today: "Vandaag", yesterday: "Gisteren",
      tooLong: (n, max) => `Uw bericht heeft ${n} tekens; er passen er hoogstens ${max}. Maak het korter of verstuur het in delen.`,
      left: (n) => `nog ${n}`,
      tooFast: (s) => `U schrijft sneller dan wij kunnen lezen; uw bericht is bewaard en gaat over ${s} s weg.`,
      tooMany: (s) => `Er worden hier veel nieuwe gesprekken begonnen; het uwe begint over ${s} s. Uw berichten zijn bewaard.`,
      notOffered: "Deze keuze is niet meer mogelijk. Schrijf ons wat u nodig hebt.",
      replaced: "Uw eerdere gesprek kon hier niet worden voortgezet; dit is een nieuw gesprek.",
      removed: "Verwijderd voor uw veiligheid", unread: (n) => `${n} nieuw`, hint: "Enter verstuurt, Shift+Enter maakt een nieuwe regel",
    },
  };
  const say = STRINGS[language.toLowerCase().split("-")[0]] || STRINGS.en;
  const locale = (() => {
    try { return Intl.getCanonicalLocales(language)[0]; } catch { return undefined; }
  })();

  // ---- What survives a reload: the session's token, what was not acknowledged yet, the choices made --------------------------

  const store = (() => {
    const prefix = `firstline:${base.href}:`;
    let area = null;
    try {
      area = window.localStorage;
      area.setItem(`${prefix}probe`, "1");
      area.removeItem(`${prefix}probe`);
    } catch { area = null; }  // forbidden here (private window, sandbox): the chat lasts as long as the page
    const memory = new Map();
    const keys = () => (area ? Object.keys(area).filter((k) => k.startsWith(prefix)).map((k) => k.slice(prefix.length)) : [...memory.keys()]);
    return {
      prefix, keys,
      get: (key) => (area ? area.getItem(prefix + key) : memory.get(key) ?? null),
      set(key, value) {
        try { if (area) { area.setItem(prefix + key, value); return; } } catch { area = null; }  // full: go on in memory
        memory.set(key, value);
      },
      remove(key) { memory.delete(key); if (area) area.removeItem(prefix + key); },
    };
  })();

  // One key a message, so that two tabs never overwrite each other's; the keys sort in the order of writing.
  const outbox = {
    count: 0,
    add(item) {
      const order = `${String(Date.now()).padStart(15, "0")}-${String(outbox.count++).padStart(6, "0")}`;
      store.set(`out:${order}:${item.id}`, JSON.stringify(item));
    },
    items: () => store.keys().filter((k) => k.startsWith("out:")).sort().flatMap((k) => {
      try { return [JSON.parse(store.get(k))]; } catch { store.remove(k); return []; }
    }),
    remove(id) { for (const key of store.keys()) if (key.startsWith("out:") && key.endsWith(`:${id}`)) store.remove(key); },
  };

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  const wellFormed = (text) => new TextDecoder().decode(new TextEncoder().encode(text));
  const countChars = (text) => Array.from(text).length;

  // ---- The page's elements -------------------------------------------------------------------------------------------------

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const icon = (path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", path);
    svg.append(shape);
    return svg;
  };
  const ICONS = {
    chat: "M12 3C6.5 3 2 6.8 2 11.5c0 2.3 1.1 4.4 2.9 5.9-.1 1.2-.6 2.4-1.5 3.4 1.9-.1 3.6-.8 4.9-1.8 1.1.4 2.4.6 3.7.6 5.5 0 10-3.7 10-8.3S17.5 3 12 3z",
    send: "M3 20.5 21.5 12 3 3.5v6.6l11 1.9-11 1.9z",
    close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4L12 13.4 6.4 19 5 17.6 10.6 12 5 6.4z",
  };

  const host = document.createElement("firstline-chat");
  const root = host.attachShadow({ mode: "open" });
  const title = make("h1", { id: "title", dir: "auto" }, options.title || say.title);
  const status = make("p", { class: "status", role: "status" });
  const closeButton = make("button", { type: "button", class: "close", "aria-label": say.close, title: say.close }, icon(ICONS.close));
  const log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": say.log, tabindex: "0" });
  const greeting = make("p", { class: "greeting", dir: "auto" }, say.welcome);
  const typing = make("div", { class: "typing", role: "status", hidden: "" },
    make("span", { class: "unseen" }, say.typing), make("i"), make("i"), make("i"));
  const notice = make("p", { class: "notice", role: "alert", id: "notice", hidden: "" });
  const input = make("textarea", { id: "input", rows: "1", dir: "auto", placeholder: say.placeholder, "aria-describedby": "hint notice", enterkeyhint: "send", autocomplete: "off" });
  const left = make("span", { class: "left", "aria-hidden": "true", hidden: "" });
  const sendButton = make("button", { type: "submit", class: "send", "aria-label": say.send, title: say.send }, icon(ICONS.send));
  const composer = make("form", { class: "composer" },
    make("label", { class: "unseen", for: "input" }, say.label), input, left, sendButton,
    make("span", { class: "unseen", id: "hint" }, say.hint));
  const panel = make("section", { class: "panel", role: asPage ? "main" : "dialog", "aria-labelledby": "title", hidden: asPage ? null : "" },
    make("header", {}, make("span", { class: "mark" }, icon(ICONS.chat)), make("div", { class: "heading" }, title, status), ...(asPage ? [] : [closeButton])),
    log, notice, composer);
  const badge = make("span", { class: "badge", hidden: "" });
  const launcher = make("button", { type: "button", class: "launcher", "aria-label": say.open, title: say.open, "aria-expanded": "false" }, icon(ICONS.chat), badge);
  const frame = make("div", { class: `frame ${asPage ? "page" : "widget"} ${options.position === "left" ? "left-side" : ""}`, lang: say === STRINGS.nl ? "nl" : "en" },
    ...(asPage ? [panel] : [panel, launcher]));
  log.append(greeting, typing);
  root.append(frame);

  // ---- Lines ---------------------------------------------------------------------------------------------------------------

  const lines = new Map();  // id -> {id, author, runs, buttons, chosen, at, state, order, node}
  let maxChars = 4000;
  let newestUserLine = null;

  const LINK = /https?:\/\/[^\s<>"'`\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/gi;
  const TRAILING = new Set(".,;:!?)]}…*_");

  const linked = (text) => {
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(LINK)) {
      let url = match[0];
      while (TRAILING.has(url[url.length - 1]) && !(url.endsWith(")") && url.includes("("))) url = url.slice(0, -1);
      let href;
      try { href = new URL(url); } catch { continue; }
      if (href.protocol !== "https:" && href.protocol !== "http:") continue;
      nodes.push(document.createTextNode(text.slice(end, match.index)));
      nodes.push(make("a", { href: href.href, target: "_blank", rel: "noopener noreferrer nofollow" }, url));
      end = match.index + url.length;
    }
    nodes.push(document.createTextNode(text.slice(end)));
    return nodes;
  };

  const fill = (line) => {
    const bubble = make("div", { class: "bubble", dir: "auto" });
    bubble.append(make("span", { class: "unseen" }, `${say[line.author]}: `));
    for (const run of line.runs) {
      if (run.kind === "code") bubble.append(make("code", {}, run.text));
      else if (run.kind === "bold") bubble.append(make("strong", {}, ...linked(run.text)));
      else bubble.append(...linked(run.text));
    }
    const meta = make("div", { class: "meta" });
    if (line.author === "agent") meta.append(make("span", { class: "who" }, say.agent));
    const at = new Date(line.at);
    meta.append(make("time", { datetime: line.at }, new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }).format(at)));
    if (line.author === "user") meta.append(make("span", { class: "state" }));
    line.node.replaceChildren(bubble, ...(line.buttons?.length ? [choices(line)] : []), meta);
    line.node.className = `line ${line.author}`;
  };

  const choices = (line) => {
    const group = make("div", { class: "choices", role: "group", "aria-label": say.choices });
    for (const { label, action } of line.buttons) {
      const chosen = line.chosen === action;
      const button = make("button", { type: "button", dir: "auto", "aria-pressed": String(chosen), class: chosen ? "chosen" : null }, label);
      button.disabled = Boolean(line.chosen);
      button.addEventListener("click", () => choose(line, action));
      group.append(button);
    }
    return group;
  };

  const showState = (line) => {
    const node = line.node.querySelector(".state");
    if (!node) return;
    const text = { pending: connected ? say.sending : say.queued, failed: say.failed, sent: line === newestUserLine ? say.sent : "" }[line.state || "sent"];
    if (node.textContent !== text) node.textContent = text;
    line.node.classList.toggle("pending", line.state === "pending");
    line.node.classList.toggle("failed", line.state === "failed");
  };

  const dayOf = (iso) => {
    const at = new Date(iso);
    const midnight = new Date().setHours(0, 0, 0, 0);
    if (at >= midnight) return say.today;
    if (at >= new Date(midnight - 1).setHours(0, 0, 0, 0)) return say.yesterday;
    return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }).format(at);
  };

  // What the server dated is in its order; what still waits to be sent stands below, in the order of writing.
  const arrange = () => {
    const waits = (line) => (line.state === "pending" ? 1 : 0);
    const ordered = [...lines.values()].sort((a, b) => waits(a) - waits(b) || Date.parse(a.at) - Date.parse(b.at) || a.order - b.order);
    newestUserLine = ordered.findLast((line) => line.author === "user" && line.state !== "failed") || null;
    let cursor = greeting.nextSibling, day = null;
    for (const line of ordered) {
      const today = dayOf(line.at);
      const label = line.node.querySelector(".day");
      if (today === day) label?.remove();
      else if (label) label.textContent = today;
      else line.node.prepend(make("div", { class: "day" }, today));
      day = today;
      if (cursor === line.node) cursor = cursor.nextSibling;
      else log.insertBefore(line.node, cursor);
      showState(line);
    }
    greeting.hidden = lines.size > 0;
  };

  let arrivals = 0;
  // Shows a line, once for each id; a known one is brought up to date.
  const put = (line) => {
    const known = lines.get(line.id);
    if (known) {
      const changed = JSON.stringify([known.author, known.runs, known.buttons, known.at]) !== JSON.stringify([line.author, line.runs, line.buttons, line.at]);
      Object.assign(known, line, { chosen: known.chosen || line.chosen });
      if (changed || line.chosen) fill(known);
      return false;
    }
    const added = { ...line, order: arrivals++, node: make("div", { "data-id": line.id }) };
    added.chosen = line.chosen || store.get(`chosen:${line.id}`) || null;
    lines.set(line.id, added);
    fill(added);
    return true;
  };

  let stuck = true;  // reads the newest line: stays there when lines come or the composer grows
  const toBottom = () => { log.scrollTop = log.scrollHeight; };
  log.addEventListener("scroll", () => { stuck = log.scrollHeight - log.scrollTop - log.clientHeight < 80; });
  new ResizeObserver(() => { if (stuck) toBottom(); }).observe(log);
  const update = (change, { follow = false } = {}) => {
    const go = follow || stuck;
    change();
    arrange();
    if (go) toBottom();
  };

  // ---- The conversation ----------------------------------------------------------------------------------------------------

  let socket = null, connected = false, everConnected = false, attempts = 0, retryTimer = 0, unanswered = false;
  let inFlight = null, heldUntil = 0, heldTimer = 0, sentToken = null;
  let typingTimer = 0, lastBotAt = 0, inFlightAt = 0, unread = 0;

  const tell = (text) => { notice.textContent = text; notice.hidden = !text; };
  const showConnection = () => {
    const text = connected ? say.online : attempts > 1 || (everConnected && attempts > 0) ? say.offline : say.connecting;
    if (status.textContent !== text) status.textContent = text;
    frame.classList.toggle("offline", !connected);
    for (const line of lines.values()) if (line.state === "pending") showState(line);
  };
  const showTyping = (on) => {
    clearTimeout(typingTimer);
    if (typing.hidden === on) update(() => { typing.hidden = !on; });
    if (on) typingTimer = setTimeout(showTyping, 10_000, false);
  };
  const showUnread = () => {
    badge.hidden = unread === 0;
    badge.textContent = unread ? say.unread(unread) : "";
    launcher.setAttribute("aria-label", unread ? `${say.open} (${say.unread(unread)})` : say.open);
  };

  const pump = () => {
    clearTimeout(heldTimer);
    const [head] = outbox.items();
    if (!connected || inFlight || !head) return;
    const wait = heldUntil - Date.now();
    if (wait > 0) { heldTimer = setTimeout(pump, wait); return; }
    inFlight = head.id;
    inFlightAt = performance.now();
    const { id, text, line, action } = head;
    socket.send(JSON.stringify(action === undefined ? { type: "message", id, text } : { type: "action", id, line, action }));
  };

  const settle = (id) => {
    outbox.remove(id);
    if (inFlight === id) inFlight = null;
    const line = lines.get(id);
    if (line && line.state === "pending") line.state = "sent";
  };

  const mark = (lineId, action) => {
    const line = lines.get(lineId);
    if (action) store.set(`chosen:${lineId}`, action); else store.remove(`chosen:${lineId}`);
    if (!line) return;
    line.chosen = action;
    fill(line);
  };

  const choose = (line, action) => {
    if (line.chosen) return;
    update(() => mark(line.id, action));
    input.focus();  // the tapped button is disabled now and would drop the focus
    outbox.add({ id: newId(), line: line.id, action });
    connect();
    pump();
  };

  const submit = () => {
    const text = wellFormed(input.value).trim();
    if (!text) return;
    const size = countChars(text);
    if (size > maxChars) { tell(say.tooLong(size, maxChars)); input.focus(); return; }
    const item = { id: newId(), text, at: new Date().toISOString() };
    outbox.add(item);
    update(() => showPending(item), { follow: true });
    input.value = "";
    fit();
    if (heldUntil <= Date.now()) tell("");
    connect();
    pump();
  };

  const showPending = (item) => {
    if (item.text === undefined) mark(item.line, item.action);
    else if (!lines.has(item.id)) put({ id: item.id, author: "user", runs: [{ kind: "plain", text: item.text }], buttons: [], at: item.at, state: "pending" });
  };

  const onFrame = {
    welcome(frame) {
      const stored = store.get("token");
      if (frame.session !== "known" && stored && stored !== sentToken) { socket.close(); return; }  // another tab was first: its session
      store.set("token", frame.token);
      maxChars = frame.max_chars;
      if (!options.title) title.textContent = frame.title;
      connected = everConnected = true;
      attempts = 0;
      inFlight = null;
      tell(frame.session === "replaced" ? say.replaced : "");
      log.setAttribute("aria-live", "off");  // a screen reader is not read the whole history
      update(() => {
        if (frame.session !== "known") {
          for (const line of lines.values()) line.node.remove();
          lines.clear();
          for (const key of store.keys()) if (key.startsWith("chosen:")) store.remove(key);
        }
        for (const line of frame.lines) {
          if (line.author === "user") settle(line.id);
          put({ ...line, state: "sent" });
        }
        for (const item of outbox.items()) showPending(item);
      }, { follow: lines.size === 0 });
      setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
      showConnection();
      pump();
    },
    line({ line }) {
      const mine = line.author === "user";
      if (mine) settle(line.id);
      let added = false;
      update(() => { added = put({ ...line, state: "sent" }); });
      if (mine || !added) return;
      lastBotAt = performance.now();
      showTyping(false);
      if (panel.hidden) { unread += 1; showUnread(); }
    },
    ack({ id, at }) {
      const was = inFlight === id;
      update(() => {
        const line = lines.get(id);
        if (line && line.state === "pending") { line.at = at; fill(line); }
        settle(id);
      });
      if (Date.now() >= heldUntil) tell("");
      if (was && lastBotAt < inFlightAt) showTyping(true);
      pump();
    },
    chosen({ line, action }) { update(() => mark(line, action)); },
    removed({ id }) {
      const line = lines.get(id);
      if (line) update(() => { line.runs = [{ kind: "plain", text: say.removed }]; fill(line); });
    },
    refused({ id, reason, retry_after_s: wait, max_chars: max }) {
      inFlight = null;
      if (reason === "too_fast" || reason === "too_many_sessions") {
        heldUntil = Date.now() + wait * 1000;
        tell((reason === "too_fast" ? say.tooFast : say.tooMany)(Math.ceil(wait)));
        pump();
        return;
      }
      const item = outbox.items().find((other) => other.id === id);
      outbox.remove(id);
      update(() => {
        if (item?.line) { mark(item.line, null); tell(say.notOffered); }
        const line = lines.get(id);
        if (line) line.state = "failed";
        if (reason !== "too_long" || !item) return;
        maxChars = max;
        tell(say.tooLong(countChars(item.text), max));
        if (!line || input.value) return;
        line.node.remove();  // back to where it can be shortened
        lines.delete(id);
        input.value = item.text;
        fit();
      });
      pump();
    },
    pong() {},
  };

  const connect = () => {
    if (socket) return;
    clearTimeout(retryTimer);
    const address = new URL("chat/socket", base);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const mine = socket = new WebSocket(address);
    mine.onopen = () => {
      sentToken = store.get("token");
      mine.send(JSON.stringify({ type: "hello", token: sentToken, language: language.slice(0, 64) }));
    };
    mine.onmessage = (event) => {
      if (mine !== socket) return;
      unanswered = false;
      const frame = JSON.parse(event.data);
      onFrame[frame.type]?.(frame);
    };
    mine.onclose = () => { if (mine === socket) lost(); };
  };

  const lost = () => {
    socket = null;
    connected = unanswered = false;
    inFlight = null;
    showTyping(false);
    attempts += 1;
    // Half of the pause is random: after a restart the visitors come back one by one.
    const pause = Math.min(30_000, 250 * 2 ** attempts) * (0.5 + Math.random() / 2);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, Math.max(pause, heldUntil - Date.now()));
    showConnection();
  };
  const drop = () => { const old = socket; if (old) { lost(); old.close(); } };
  const wanted = () => asPage || !panel.hidden || store.get("token") || outbox.items().length > 0;
  const hurry = () => { if (!socket && wanted()) connect(); };

  setInterval(() => {
    if (!connected) return;
    if (unanswered) { drop(); return; }  // a dead connection that nobody closed
    unanswered = true;
    socket.send('{"type":"ping"}');
  }, 25_000);
  addEventListener("online", hurry);
  addEventListener("offline", drop);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hurry(); });
  addEventListener("storage", (event) => {  // what another tab of this session wrote
    if (!event.key?.startsWith(`${store.prefix}out:`) || event.newValue === null) return;
    try { const item = JSON.parse(event.newValue); update(() => showPending(item)); } catch { /* not ours */ }
  });

  // ---- Opening, closing, typing --------------------------------------------------------------------------------------------

  const open = () => {
    panel.hidden = false;
    launcher.setAttribute("aria-expanded", "true");
    frame.classList.add("open");
    unread = 0;
    showUnread();
    connect();
    toBottom();
    input.focus();
  };
  const close = () => {
    panel.hidden = true;
    launcher.setAttribute("aria-expanded", "false");
    frame.classList.remove("open");
    launcher.focus();
  };
  const fit = () => {
    input.rows = 1;
    const lineHeight = 22;
    input.rows = Math.min(6, Math.max(1, Math.round((input.scrollHeight - 20) / lineHeight)));
    const rest = maxChars - countChars(input.value);
    left.hidden = rest > maxChars / 10;
    left.textContent = say.left(rest);
    left.classList.toggle("over", rest < 0);
  };
  launcher.addEventListener("click", () => (panel.hidden ? open() : close()));
  closeButton.addEventListener("click", close);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !asPage && !event.isComposing) { event.stopPropagation(); close(); }
  });
  input.addEventListener("input", fit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
  });
  composer.addEventListener("submit", (event) => { event.preventDefault(); submit(); });

  // ---- Style: a constructed sheet, which a strict CSP allows -----------------------------------------------------------------

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; }
    [hidden] { display: none !important; }
    .frame {
      --accent: #1d6b63; --accent-strong: #14524b; --on-accent: #fff; --ground: #fff; --log: #f5f7f7; --bubble: #fff;
      --text: #1c2426; --quiet: #566164; --edge: #dbe1e2; --alert: #8a2f12; --alert-ground: #fdf1ec; --focus: #0b57d0;
      font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
      color: var(--text); color-scheme: light; text-align: start;
    }
    @media (prefers-color-scheme: dark) {
      .frame {
        --accent: #2a7d73; --accent-strong: #8fd3c8; --on-accent: #fff; --ground: #1b2022; --log: #14181a; --bubble: #252c2f;
        --text: #e6ecec; --quiet: #a3b0b3; --edge: #353e41; --alert: #ffb59c; --alert-ground: #3a2119; --focus: #8ab4f8;
        color-scheme: dark;
      }
    }
    * { box-sizing: border-box; }
    button, textarea { font: inherit; color: inherit; }
    button { cursor: pointer; }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    svg { width: 24px; height: 24px; fill: currentColor; display: block; }

    .launcher {
      position: fixed; z-index: 2147483000; inset-block-end: 20px; right: 20px; width: 58px; height: 58px; border: 0; border-radius: 50%;
      display: grid; place-items: center; background: var(--accent); color: var(--on-accent);
      box-shadow: 0 6px 20px rgb(0 0 0 / .25); transition: transform .15s;
    }
    .launcher:hover { transform: translateY(-2px); }
    .badge {
      position: absolute; top: -6px; right: -6px; padding: 1px 8px; border-radius: 12px; background: #b3261e; color: #fff;
      font-size: 12px; font-weight: 600; white-space: nowrap;
    }
    .panel { display: flex; flex-direction: column; background: var(--ground); overflow: hidden; }
    .widget .panel {
      position: fixed; z-index: 2147483001; right: 20px; bottom: 92px; width: 384px; height: min(620px, calc(100vh - 112px));
      border: 1px solid var(--edge); border-radius: 18px; box-shadow: 0 16px 48px rgb(0 0 0 / .22); animation: rise .18s ease-out;
    }
    .left-side .panel, .left-side .launcher { right: auto; left: 20px; }
    .page .panel { position: fixed; inset: 0; }
    .page header, .page .composer, .page .notice { padding-inline: max(16px, calc(50vw - 360px)); }
    .page .log { padding-inline: max(16px, calc(50vw - 360px)); }

    header { display: flex; align-items: center; gap: 12px; padding: 12px 16px; background: var(--ground); border-bottom: 1px solid var(--edge); }
    .mark { display: grid; place-items: center; width: 38px; height: 38px; border-radius: 50%; background: var(--accent); color: var(--on-accent); flex: none; }
    .mark svg { width: 20px; height: 20px; }
    .heading { flex: 1; min-width: 0; }
    h1 { margin: 0; font-size: 16px; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere; }
    .status { margin: 0; font-size: 12.5px; color: var(--quiet); display: flex; gap: 6px; align-items: baseline; }
    .status::before { content: ""; flex: none; width: 8px; height: 8px; border-radius: 50%; background: #2e9e6b; }
    .offline .status::before { background: #c98a1b; }
    .close { border: 0; background: none; width: 40px; height: 40px; display: grid; place-items: center; border-radius: 10px; color: var(--quiet); flex: none; }
    .close:hover { background: var(--log); color: var(--text); }
    .close svg { width: 20px; height: 20px; }

    .log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px; background: var(--log); display: flex; flex-direction: column; gap: 10px; }
    .log:focus-visible { outline-offset: -3px; }
    .greeting { margin: auto; max-width: 30ch; text-align: center; color: var(--quiet); text-wrap: balance; }
    .line { display: flex; flex-direction: column; align-items: flex-start; gap: 3px; }
    .line.user { align-items: flex-end; }
    .day { align-self: center; margin: 6px 0; padding: 2px 12px; font-size: 12px; color: var(--quiet); }
    .bubble {
      position: relative; max-width: 85%; padding: 9px 13px; border: 1px solid var(--edge); border-radius: 16px 16px 16px 5px; background: var(--bubble);
      white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate;
    }
    .user .bubble { background: var(--accent); border-color: var(--accent); color: var(--on-accent); border-radius: 16px 16px 5px 16px; }
    .user.pending .bubble { opacity: .75; }
    .user.failed .bubble { background: var(--alert-ground); border-color: var(--alert); color: var(--alert); }
    .bubble a { color: var(--accent-strong); text-underline-offset: 2px; }
    .user:not(.failed) .bubble a { color: inherit; }
    code { font: 13.5px/1.4 ui-monospace, "Cascadia Mono", "Liberation Mono", monospace; padding: 1px 5px; border-radius: 5px; background: var(--log); border: 1px solid var(--edge); }
    .meta { display: flex; gap: 6px; font-size: 11.5px; color: var(--quiet); padding-inline: 4px; max-width: 85%; }
    .failed .meta { color: var(--alert); }
    .state:empty { display: none; }
    .state::before { content: "· "; }
    .who { font-weight: 600; }
    .choices { display: flex; flex-wrap: wrap; gap: 8px; padding-block: 4px; max-width: 100%; }
    .choices button {
      min-height: 40px; padding: 7px 15px; border: 1.5px solid var(--accent); border-radius: 20px; background: var(--ground);
      color: var(--accent-strong); font-weight: 550; text-align: start; overflow-wrap: anywhere;
    }
    .choices button:hover:enabled { background: var(--accent); color: var(--on-accent); }
    .choices button:disabled { cursor: default; border-color: var(--edge); color: var(--quiet); background: none; }
    .choices button.chosen { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
    .choices button.chosen::before { content: "✓ "; }
    .typing { display: flex; gap: 5px; align-self: flex-start; padding: 13px 15px; border: 1px solid var(--edge); border-radius: 16px 16px 16px 5px; background: var(--bubble); order: 1; }
    .typing i { width: 7px; height: 7px; border-radius: 50%; background: var(--quiet); animation: beat 1.2s infinite; }
    .typing i:nth-of-type(2) { animation-delay: .15s; }
    .typing i:nth-of-type(3) { animation-delay: .3s; }

    .notice { margin: 0; padding: 9px 16px; font-size: 13.5px; color: var(--alert); background: var(--alert-ground); border-top: 1px solid var(--edge); }
    .composer { display: flex; align-items: flex-end; gap: 8px; padding: 10px 12px; border-top: 1px solid var(--edge); background: var(--ground); position: relative; }
    textarea {
      flex: 1; min-width: 0; margin: 0; padding: 9px 13px; line-height: 22px; resize: none; border: 1px solid var(--quiet); border-radius: 20px;
      background: var(--ground); overflow-wrap: anywhere;
    }
    textarea::placeholder { color: var(--quiet); opacity: 1; }
    textarea:focus-visible { outline-offset: 0; outline-width: 2px; }
    .send { flex: none; width: 42px; height: 42px; border: 0; border-radius: 50%; display: grid; place-items: center; background: var(--accent); color: var(--on-accent); }
    .send svg { width: 20px; height: 20px; }
    .left { position: absolute; right: 64px; top: -10px; padding: 0 8px; border-radius: 8px; font-size: 12px; color: var(--quiet); background: var(--ground); border: 1px solid var(--edge); }
    .left.over { color: var(--alert); font-weight: 650; }

    @media (max-width: 480px) {
      .widget .panel { inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; }
      .widget.open .launcher { display: none; }
      textarea { font-size: 16px; }
    }
    @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
    @keyframes beat { 0%, 60%, 100% { opacity: .3; } 30% { opacity: 1; } }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
    @media (forced-colors: active) { .bubble, .send, .launcher, .choices button { border: 1px solid; } }
  `);
  root.adoptedStyleSheets = [sheet];

  const start = () => {
    if (document.querySelector("firstline-chat")) return;  // the tag stands twice on the page
    document.body.append(host);
    if (asPage) {
      document.documentElement.lang = frame.lang;
      if (matchMedia("(pointer: fine)").matches) input.focus();  // on a phone it would bring up the keyboard
    }
    for (const item of outbox.items()) showPending(item);
    arrange();
    showConnection();
    if (wanted()) connect();
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start, { once: true });
})();
