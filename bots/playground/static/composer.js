// The form under a network: what one writes, as an answer to what, and the commands that the network offers.

import { icon, make, setText, shortened } from "./elements.js";

const MOST_ROWS = 5;
const LINE_PX = 18;

export const composer = (stage) => {
  const { network, skin } = stage;
  const drafts = new Map();  // who and where -> {text, title, answers, edits}
  let answers = "", edits = "", busy = false, picked = -1;

  const about = make("span", { class: "words", dir: "auto" });
  const drop = make("button", { type: "button", "aria-label": "Cancel", title: "Cancel (Esc)", onclick: () => { cancel(); input.focus(); } }, icon("close"));
  const chip = make("p", { class: "chip", hidden: true }, icon("reply"), about, drop);
  const title = make("input", { type: "text", class: "heading", placeholder: "Title", "aria-label": "Title", maxlength: "300", autocomplete: "off", hidden: true });
  const input = make("textarea", { rows: "1", dir: "auto", autocomplete: "off", enterkeyhint: "send", spellcheck: "false" });
  const send = make("button", { type: "submit", class: "send", title: `${skin.send} (Enter)`, "aria-label": skin.send }, icon("send"), make("span", {}, skin.send));
  const offered = make("ul", { class: "commands", role: "listbox", "aria-label": "Commands", id: `${network}-commands`, hidden: true });
  const node = make("form", { class: "composer" }, offered, chip, title, make("div", { class: "line" }, input, send));

  const key = () => `${stage.me()?.id} ${stage.place()?.id}`;
  const fit = () => {
    input.rows = 1;
    input.rows = Math.max(1, Math.min(MOST_ROWS, Math.round((input.scrollHeight - 14) / LINE_PX)));
  };
  const cancel = () => {
    if (edits) input.value = "";
    answers = edits = "";
    refresh();
    fit();
  };

  // ---- Commands: as one types the prefix ----

  const matching = () => {
    const typed = input.value;
    if (!skin.prefix || !typed.startsWith(skin.prefix) || /\s/.test(typed) || edits) return [];
    return Object.entries(stage.commands()).filter(([name]) => name.startsWith(typed.slice(1)));
  };
  const pick = (name) => {
    input.value = `${skin.prefix}${name} `;
    picked = -1;
    showCommands();
    input.focus();
  };
  const showCommands = () => {
    const found = document.activeElement === input ? matching() : [];
    picked = found.length ? Math.min(picked, found.length - 1) : -1;
    offered.hidden = found.length === 0;
    offered.replaceChildren(...found.map(([name, what], index) => make("li", {
      role: "option", id: `${network}-command-${name}`, "aria-selected": String(index === picked),
      onpointerdown: (event) => { event.preventDefault(); pick(name); },
    }, make("b", {}, `${skin.prefix}${name}`), make("span", {}, what))));
    if (picked >= 0) input.setAttribute("aria-activedescendant", offered.children[picked].id);
    else input.removeAttribute("aria-activedescendant");
  };

  // ---- Sending ----

  /** A slash command as the network has them, or null for plain words. */
  const slash = (text) => {
    if (!skin.slash || !stage.can("slash") || !text.startsWith("/")) return null;
    const [, command, rest] = text.match(/^\/(\S*)\s*([\s\S]*)$/);
    return { command, text: rest };
  };
  const submit = async () => {
    const text = input.value.trim(), heading = title.hidden ? "" : title.value.trim();
    if (busy || (!text && !heading)) return;
    const person = stage.me().id, place = stage.place().id, mine = key();
    const command = edits ? null : slash(text);
    const known = Object.keys(stage.commands());
    if (command && !known.includes(command.command)) {
      stage.tell(known.length ? `There is no command “/${command.command}” here. Choose one of ${known.map((name) => `/${name}`).join(", ")}.`
        : "The bot has no commands here yet: it registers them when it is connected.");
      return;
    }
    if (!title.hidden && !heading && skin.titled?.includes(stage.place().kind)) { stage.tell("A new post needs a title. To answer somebody, choose Reply under their post."); title.focus(); return; }
    busy = true;
    node.classList.add("busy");
    const answer = edits ? await stage.attempt("edit", { person, post: edits, text })
      : command ? await stage.attempt("slash", { person, place, ...command })
        : await stage.attempt("say", { person, place, text, reply_to: answers, title: heading });
    busy = false;
    node.classList.remove("busy");
    if (!answer) return;
    if (answer.post) stage.posted(answer.post);
    if (mine !== key()) { drafts.delete(mine); return; }
    if (input.value.trim() === text) input.value = "";  // else somebody types on already
    title.value = "";
    answers = edits = "";
    refresh();
    fit();
  };

  // ---- What the form shows ----

  const refresh = () => {
    const place = stage.place();
    if (!place) { node.hidden = true; return; }
    node.hidden = false;
    const post = stage.post(edits || answers);
    if ((answers || edits) && !post) answers = edits = "";
    chip.hidden = !answers && !edits;
    if (post) setText(about, edits ? "Editing your message" : `${skin.replied} ${stage.person(post.author)?.name ?? "somebody"}: ${shortened(post.title || post.text, 48)}`);
    title.hidden = !(skin.titled?.includes(place.kind) || title.value) || Boolean(answers || edits);
    const invitation = answers ? "Write your reply" : skin.write(place);
    if (input.placeholder !== invitation) { input.placeholder = invitation; input.setAttribute("aria-label", invitation); }
    if (skin.prefix) { input.setAttribute("aria-controls", offered.id); input.setAttribute("aria-autocomplete", "list"); }
    showCommands();
  };
  const fill = (text, heading = "") => {
    answers = edits = "";
    input.value = text;
    title.value = heading;
    stage.tell("");
    refresh();
    focus();
  };
  const focus = () => {
    fit();
    showCommands();
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  };

  node.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  input.addEventListener("input", () => { picked = -1; fit(); showCommands(); });
  input.addEventListener("focus", showCommands);
  input.addEventListener("blur", () => { offered.hidden = true; });
  node.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const found = offered.hidden ? 0 : offered.childElementCount;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.target === input && found && step) picked = (Math.max(picked, step > 0 ? -1 : 0) + step + found) % found;
    else if (event.target === input && found && (event.key === "Tab" || (event.key === "Enter" && picked >= 0))) pick(matching()[Math.max(picked, 0)][0]);
    else if (event.key === "Enter" && !event.shiftKey && event.target !== drop) submit();
    else if (event.key === "Escape" && (answers || edits)) cancel();
    else return;
    event.preventDefault();
    showCommands();
  });

  return {
    node, refresh, fill,
    leave() { if (stage.me()) drafts.set(key(), { text: input.value, title: title.value, answers, edits }); },
    enter() {
      const draft = drafts.get(key()) ?? { text: "", title: "", answers: "", edits: "" };
      input.value = draft.text;
      title.value = draft.title;
      ({ answers, edits } = draft);
      refresh();
      fit();
    },
    replyTo(id, text = null) {
      edits = "";
      answers = id;
      if (text !== null) input.value = text;
      refresh();
      focus();
    },
    edit(id) {
      answers = "";
      edits = id;
      input.value = stage.post(id).text;
      refresh();
      focus();
    },
  };
};
