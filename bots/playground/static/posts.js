// A post, and the menu on it. One structure for all networks; what makes each look like itself is in networks.css.

import { face, icon, keyedList, make, setText, shortened, timeOf } from "./elements.js";

const GONE = ["deleted", "removed"];

/** The words of a post; a link to the bot's private place is one that can be followed here. */
const wordsOf = (stage, text) => {
  const words = text.replace(/\n{3,}/g, "\n\n");
  const { link, fill, label } = stage.skin.privately;
  const nodes = [];
  let end = 0;
  for (const { 0: found, 1: bracketed, 2: bare, index } of words.matchAll(new RegExp(`<(${link.source})>|(${link.source})`, "g"))) {
    const address = bracketed ?? bare, url = new URL(address);
    const name = label ?? shortened(address.replace("https://", ""), 36);
    nodes.push(words.slice(end, index), make("button", { type: "button", class: "link", title: "Go to the private place", onclick: () => stage.goPrivate(fill(url)) }, name));
    end = index + found.length;
  }
  return [...nodes, words.slice(end)];
};

export const buildPost = (stage) => {
  const { skin } = stage;
  let post = null;
  const who = make("div", { class: "who" });
  const picture = make("div", { class: "picture" });
  const quote = make("p", { class: "quote" });
  const heading = make("h3", { dir: "auto" });
  const text = make("div", { class: "text", dir: "auto" });
  const stamp = make("div", { class: "stamp" });
  const flag = make("p", { class: "only-for", hidden: true }, icon("eye"), make("span", {}, skin.onlyFor));
  const choices = make("div", { class: "choices", role: "group", "aria-label": "Choices" });
  const replyButton = make("button", { type: "button", class: "reply", title: "Reply", onclick: () => stage.replyTo(post.id) }, icon("reply"), make("span", {}, "Reply"));
  const more = make("button", { type: "button", class: "more", title: "More", "aria-label": "More", "aria-haspopup": "menu", onclick: () => openMenu(stage, post, more) }, icon("more"));
  const actions = make("div", { class: "actions" }, replyButton, more);
  const within = skin.quotesWithin;
  const node = make("article", { class: "post" }, !within && quote, picture, make("div", { class: "body" }, who, within && quote, heading, text, flag, stamp, choices, actions));
  node.addEventListener("contextmenu", (event) => {
    if (getSelection().toString() || !offers(stage, post).length) return;
    event.preventDefault();
    openMenu(stage, post, more, { x: event.clientX, y: event.clientY });
  });
  const showChoices = keyedList(choices, ({ key }) => {
    const button = make("button", { type: "button", dir: "auto", onclick: async () => {
      button.disabled = true;
      const done = await stage.attempt("press", { person: stage.me().id, post: post.id, button: key });
      button.disabled = false;
      if (done && key.startsWith("https://")) stage.goPrivate();  // a link into the bot's private chat
    } });
    return { node: button, show: ({ label }) => setText(button, label) };
  });

  return {
    node,
    show(item) {
      const { author, parent, depth } = item;
      ({ post } = item);
      const gone = GONE.includes(post.state);
      node.dataset.id = post.id;
      node.className = ["post", item.isMine && "mine", `by-${author.role}`, post.only_for && "private", gone && "gone", item.follows && "follows",
        depth > 0 && "nested", item.hasReplies && "has-replies", item.isFeed && "in-feed", post.state === "locked" && "locked", node.classList.contains("fresh") && "fresh"].filter(Boolean).join(" ");
      node.style.setProperty("--depth", Math.min(depth, 5));
      picture.replaceChildren(face(author.name, author.role));
      who.replaceChildren(
        make("span", { class: "name", dir: "auto" }, author.name), make("span", { class: "handle" }, skin.handle(author)),
        ...(skin.badge[author.role] ? [make("span", { class: `badge ${author.role}` }, skin.badge[author.role])] : []), timeOf(post.at));
      quote.hidden = !parent;
      quote.replaceChildren(...(parent ? [make("b", {}, parent.who), make("span", { class: "handle" }, parent.handle), make("span", { class: "words", dir: "auto" }, parent.words)] : []));
      heading.hidden = !post.title;
      setText(heading, post.title);
      text.replaceChildren(...(gone ? [skin.gone[post.state]] : wordsOf(stage, post.text)));
      text.hidden = !text.textContent;
      flag.hidden = !post.only_for;
      stamp.replaceChildren(...(post.state === "edited" && author.role !== "bot" ? [make("span", {}, "edited")] : []), ...(post.state === "locked" ? [make("span", {}, skin.gone.locked || "locked")] : []), timeOf(post.at));
      showChoices(gone ? [] : post.buttons.map(({ id, label }) => ({ key: id, label })));
      choices.hidden = gone || post.buttons.length === 0;
      const offered = offers(stage, post);
      replyButton.hidden = !offered.some(({ name }) => name === "reply");
      more.hidden = offered.length === 0;
      actions.hidden = replyButton.hidden && more.hidden;
    },
  };
};

/** What the menu on a post offers to whoever one is now. */
const offers = (stage, post) => {
  const { id, role } = stage.me();
  if (GONE.includes(post.state)) return [];
  const said = stage.person(post.author);
  const opens = stage.skin.open(stage.bot());
  return [
    stage.can("reply") && !post.only_for && { name: "reply", label: "Reply", run: () => stage.replyTo(post.id) },
    stage.can("menu") && !post.only_for && said?.role !== "bot" && { name: "ticket", label: "Apps › Open a support ticket", run: () => stage.attempt("menu", { person: id, post: post.id }) },
    !stage.can("menu") && opens && role === "moderator" && said?.role === "user" && !stage.place().private_to
      && { name: "ticket", label: "Open a ticket for its author", hint: `answers “${opens}”`, run: () => stage.moderate(post.id) },
    stage.can("edit") && post.author === id && { name: "edit", label: "Edit", run: () => stage.edit(post.id) },
    stage.can("delete") && (post.author === id || (stage.skin.moderatorRemoves && role === "moderator" && !stage.place().private_to))
      && { name: "delete", label: post.author === id ? "Delete" : "Remove", run: () => stage.attempt("delete", { person: id, post: post.id }) },
  ].filter(Boolean);
};

// ---- The menu: one at a time ----

let close = () => {};

/** Opens beside `button`, or at a point; `focus` names the entry that has the focus. */
export const openMenu = (stage, post, button, { x, y, focus } = {}) => {
  close();
  const items = offers(stage, post).map((offer) => ({
    ...offer,
    node: make("button", { type: "button", role: "menuitem", class: offer.name, tabindex: "-1", onclick: () => { close(); offer.run(); } }, offer.label, offer.hint ? make("small", {}, offer.hint) : null),
  }));
  if (!items.length) return;
  const menu = make("div", { class: `menu ${stage.network}`, role: "menu", "aria-label": "On this message" }, items.map(({ node }) => node));
  const nodes = items.map(({ node }) => node);
  const outside = (event) => { if (!menu.contains(event.target)) close(false); };
  close = (refocus = true) => {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    button.removeAttribute("aria-expanded");
    if (refocus) button.focus({ preventScroll: true });
    close = () => {};
  };
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) nodes.at((nodes.indexOf(document.activeElement) + step) % nodes.length).focus();
    else if (event.key === "Home" || event.key === "End") nodes.at(event.key === "Home" ? 0 : -1).focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
  });
  document.addEventListener("pointerdown", outside, true);
  button.setAttribute("aria-expanded", "true");
  document.body.append(menu);
  const [place, size] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
  menu.style.left = `${Math.max(8, Math.min(x ?? place.right - size.width, innerWidth - size.width - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y ?? place.bottom + 4, innerHeight - size.height - 8))}px`;
  (items.find(({ name }) => name === focus) ?? items[0]).node.focus();
};
