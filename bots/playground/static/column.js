// One network: who one is there, its places, what was said in the place that is open, and the form to write.

import { act } from "./api.js";
import { composer } from "./composer.js";
import { announce, face, icon, keyedList, make, setText, shortened } from "./elements.js";
import { faults } from "./faults.js";
import { buildPost, openMenu } from "./posts.js";
import { SKINS } from "./skins.js";

const NEAR_PX = 60;
const RECENT_MS = 3_600_000;

/** Threads with the newest activity first, each post below what it answers, with its depth. */
const threaded = (posts) => {
  const known = new Map(posts.map((post) => [post.id, post]));
  const children = Map.groupBy(posts, (post) => (known.has(post.reply_to) ? post.reply_to : ""));
  const walk = (post, depth) => [{ post, depth }, ...(children.get(post.id) ?? []).flatMap((child) => walk(child, depth + 1))];
  const order = new Map(posts.map((post, index) => [post.id, index]));
  const threads = (children.get("") ?? []).map((root) => walk(root, 0));
  const newest = new Map(threads.map((thread) => [thread, Math.max(...thread.map(({ post }) => order.get(post.id)))]));
  return threads.sort((one, other) => newest.get(other) - newest.get(one)).flat();
};

export const column = (network) => {
  const skin = SKINS[network];
  let view = null, me = "", place = "", opened = false;
  const seen = new Set();  // "person post": what each of the cast has had on screen

  // ---- Its parts ----

  const state = make("span", { class: "connection" });
  const title = make("h2", { id: `${network}-title` });
  const people = make("div", { class: "people", role: "radiogroup", "aria-label": "You write as" });
  const places = make("nav", { class: "places", "aria-label": "Places" });
  const secrecy = make("p", { class: "secrecy", hidden: true }, icon("lock"), make("span", {}, skin.private));
  const posts = make("div", { class: "posts", role: "log", "aria-live": "off", tabindex: "0" });
  const empty = make("p", { class: "empty" });
  const pill = make("button", { type: "button", class: "pill", hidden: true, onclick: () => { toNewest(); } }, "New below");
  const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
  const node = make("section", { class: `network ${network}`, "aria-labelledby": `${network}-title`, id: network });

  const tell = (sentence) => { trouble.hidden = !sentence; setText(trouble, sentence); };
  /** Do it; what goes wrong is said above the form. */
  const attempt = async (verb, body) => {
    try {
      const answer = await act(`${network}/${verb}`, body);
      tell("");
      if (answer.said) announce(answer.said);
      return answer;
    } catch (error) {
      tell(error.message);
      return null;
    }
  };
  const weather = faults(attempt);

  const stage = {
    network, skin, attempt, tell,
    me: () => view.people.find((person) => person.id === me),
    bot: () => view.people.find((person) => person.role === "bot"),
    person: (id) => view.people.find((person) => person.id === id),
    post: (id) => view.posts.find((post) => post.id === id),
    place: () => view.places.find((other) => other.id === place),
    commands: () => (view.commands ? Object.fromEntries(view.commands.map(({ name, description }) => [name, description])) : skin.commands),
    can: (verb) => view.acts.includes(verb),
    isFeed: () => skin.feed.includes(stage.place()?.kind),
    goPrivate: ({ text = "", title: heading = "" } = {}) => {
      enter(me, mine().find((other) => other.private_to === me)?.id ?? place);
      form.fill(text, heading);
    },
    replyTo: (id) => form.replyTo(id),
    edit: (id) => form.edit(id),
    moderate: (id) => moderate(id),
    posted: (id) => { awaited = id; },
  };
  const form = composer(stage);
  let awaited = "";

  node.append(
    make("header", {}, make("span", { class: "mark" }, icon(network)), make("div", { class: "heading" }, title, state), weather.node),
    people, places, make("div", { class: "scene" }, secrecy, weather.told, posts, pill), trouble, form.node);
  posts.addEventListener("scroll", () => { if (isNewest()) pill.hidden = true; });

  // ---- Who and where ----

  /** Whether somebody reads along in a place. */
  const isFor = (id) => (thing) => !thing.private_to || thing.private_to === id
    || (skin.teamReads?.includes(thing.kind) && view.people.find((person) => person.id === id)?.role === "moderator");
  const mine = () => view.places.filter(isFor(me));
  const visibleTo = (id) => {
    const open = new Set(view.places.filter(isFor(id)).map((other) => other.id));
    return view.posts.filter((post) => open.has(post.place) && (!post.only_for || post.only_for === id));
  };
  const unread = (id) => visibleTo(id).filter((post) => post.author !== id && !seen.has(`${id} ${post.id}`));
  const isSecret = (post) => post.only_for || view.places.find((other) => other.id === post.place)?.private_to;

  const enter = (person, where) => {
    form.leave();
    me = person;
    const reachable = mine();
    place = (reachable.find((other) => other.id === where) ?? reachable[0])?.id ?? "";
    form.enter();
    render();
    posts.scrollTop = stage.isFeed() ? 0 : posts.scrollHeight;
    pill.hidden = true;
  };
  /** Be somebody, in the first (or last) place of one of these kinds. */
  const become = (name, { kind, last = false }) => {
    const person = view.people.find((other) => other.name === name) ?? stage.me();
    const there = view.places.filter((other) => kind.includes(other.kind) && isFor(person.id)(other));
    const where = there.at(last ? -1 : 0);
    enter(person.id, where?.id ?? place);
  };

  const showPeople = keyedList(people, (item) => {
    const input = make("input", { type: "radio", name: `${network}-me`, value: item.key, onchange: () => enter(item.key, place) });
    const dot = make("span", { class: "dot", hidden: true });
    const label = make("label", {}, input, face(item.name, item.role), make("span", { class: "name" }, item.name), item.role === "moderator" ? make("span", { class: "role", title: "moderator" }, icon("shield"), make("span", { class: "unseen" }, "moderator")) : null, dot);
    return {
      node: label,
      show(now) {
        input.checked = now.isMe;
        dot.hidden = now.waiting === 0;
        setText(dot, String(now.waiting || ""));
        dot.title = `${now.waiting} unread in private`;
      },
    };
  });

  const showPlaces = keyedList(places, (item) => {
    if (item.heading) return { node: make("p", { class: "group" }, item.heading), show() {} };
    const last = make("span", { class: "last" });
    const count = make("span", { class: "count" });
    const label = make("span", { class: "title" });
    const button = make("button", { type: "button", class: item.secret ? "private" : null, onclick: () => enter(me, item.key) },
      make("span", { class: "glyph", "aria-hidden": "true" }), label, item.secret ? icon("lock") : null, last, count);
    return {
      node: button,
      show(now) {
        const glyph = skin.glyph?.[now.kind] ?? "";
        button.firstElementChild.replaceChildren(glyph.length === 1 ? glyph : face(now.title, now.secret ? "bot" : "user"));
        setText(label, now.title);
        button.title = now.hover;
        setText(last, now.last);
        setText(count, now.count ? String(now.count) : "");
        count.hidden = !now.count;
        if (now.isHere) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
      },
    };
  });

  const titleOf = (other) => {
    const isTeams = Boolean(other.private_to) && other.private_to !== me;
    const title = skin.called?.[other.kind]?.(stage.bot(), { ...other, isTeams }) ?? other.title;
    return skin.glyph?.[other.kind] === "#" ? title.replace(/^#/, "") : title;
  };
  const placeItems = () => {
    const waiting = Map.groupBy(unread(me), (post) => post.place);
    const items = mine().map((other) => {
      const last = visibleTo(me).findLast((post) => post.place === other.id);
      return {
        key: other.id, kind: other.kind, title: titleOf(other), hover: other.title, secret: Boolean(other.private_to), isHere: other.id === place,
        last: last ? shortened(last.title || last.text || skin.gone[last.state] || "", 44) : "Nothing said yet", count: waiting.get(other.id)?.length ?? 0,
      };
    });
    if (!skin.groups) return items;
    const grouped = Map.groupBy(items, (item) => skin.groups[item.kind] ?? "Places");
    return [...grouped].flatMap(([heading, group]) => [{ key: `heading ${heading}`, heading }, ...group]);
  };

  // ---- What was said ----

  const showPosts = keyedList(posts, () => buildPost(stage));
  const postItems = () => {
    const here = visibleTo(me).filter((post) => post.place === place);
    const rows = stage.isFeed() ? threaded(here) : here.map((post) => ({ post, depth: 0 }));
    return rows.map(({ post, depth }, index) => ({
      key: post.id, post, depth,
      author: stage.person(post.author) ?? { id: post.author, name: "Somebody", handle: "somebody", role: "user" },
      parent: parentOf(post, depth),
      isMine: post.author === me,
      follows: depth === 0 && !stage.isFeed() && rows[index - 1]?.post.author === post.author && !post.reply_to && rows[index - 1].post.only_for === post.only_for,
      hasReplies: rows[index + 1]?.depth > depth,
      isFeed: stage.isFeed(),
    }));
  };
  const parentOf = (post, depth) => {
    if (!post.reply_to || (stage.isFeed() && depth > 0 && network === "reddit")) return null;
    const parent = stage.post(post.reply_to);
    const author = parent && stage.person(parent.author);
    return { id: post.reply_to, who: author?.name ?? "", handle: author ? skin.handle(author) : "", words: parent ? shortened(parent.title || parent.text || skin.gone[parent.state] || "", 60) : "a message that is gone" };
  };

  // Columns that come later make this one narrower: what was at its end stays there.
  let atEnd = true;
  posts.addEventListener("scroll", () => { atEnd = isNewest(); });
  new ResizeObserver(() => { if (atEnd && view && !stage.isFeed()) posts.scrollTop = posts.scrollHeight; }).observe(posts);
  const isNewest = () => posts.scrollHeight - posts.scrollTop - posts.clientHeight < NEAR_PX;
  /** Scrolls nothing but this list: scrollIntoView would pull the whole page to this column. */
  const reveal = (child) => {
    const [frame, box] = [posts.getBoundingClientRect(), child.getBoundingClientRect()];
    if (box.top < frame.top || box.height > frame.height) posts.scrollTop += box.top - frame.top;
    else if (box.bottom > frame.bottom) posts.scrollTop += box.bottom - frame.bottom;
  };
  const toNewest = () => {
    const fresh = posts.querySelector(".fresh");
    if (stage.isFeed() && fresh) reveal(fresh); else posts.scrollTop = posts.scrollHeight;
    pill.hidden = true;
  };

  const render = () => {
    const stuck = isNewest();
    showPeople(view.people.filter((person) => person.role !== "bot").map((person) => ({
      key: person.id, name: person.name, role: person.role, isMe: person.id === me,
      waiting: person.id === me ? 0 : unread(person.id).filter(isSecret).length,
    })));
    const items = postItems();
    const news = items.filter(({ key, isMine }) => !isMine && !seen.has(`${me} ${key}`));
    showPosts(items);
    for (const { key } of items) seen.add(`${me} ${key}`);
    showPlaces(placeItems());
    const here = stage.place();
    posts.setAttribute("aria-label", here ? `${view.title}: ${here.title}` : view.title);
    secrecy.hidden = !here?.private_to;
    setText(empty, here?.private_to ? "Nothing said here yet. Write to the bot." : "Nothing said here yet.");
    if (items.length === 0) posts.append(empty); else empty.remove();
    follow(items, news, stuck);
    form.refresh();
  };

  // The newest line stays in sight of whoever reads it; whoever reads further up is not moved, only told.
  const follow = (items, news, stuck) => {
    for (const old of posts.querySelectorAll(".fresh")) if (!news.some(({ key }) => key === old.dataset.id)) old.classList.remove("fresh");
    const nodeOf = (id) => [...posts.children].find((child) => child.dataset.id === id);
    const own = awaited && items.some(({ key }) => key === awaited) ? nodeOf(awaited) : null;
    for (const { key, author, post } of opened ? news : []) {
      nodeOf(key)?.classList.add("fresh");
      announce(`${view.title}, ${author.name}: ${post.text}`);
    }
    if (own) {
      reveal(own);
      awaited = "";
    }
    if (!stage.isFeed()) {
      if (stuck || own) posts.scrollTop = posts.scrollHeight;
      else if (opened && news.length) pill.hidden = false;
      return;
    }
    const hidden = (child) => {
      const [frame, box] = [posts.getBoundingClientRect(), child.getBoundingClientRect()];
      return box.bottom > frame.bottom + 4 || box.top < frame.top - 4;
    };
    const unseen = opened ? news.map(({ key }) => nodeOf(key)).find(hidden) : null;
    const parent = unseen && nodeOf(stage.post(unseen.dataset.id)?.reply_to);
    if (parent && !hidden(parent)) reveal(unseen);
    else if (unseen) pill.hidden = false;
  };

  // ---- A moderator's act ----

  const moderate = (id) => {
    const post = stage.post(id);
    if (!post) return;
    if (stage.can("menu")) {
      const target = [...posts.children].find((child) => child.dataset.id === id);
      if (!target) return;
      reveal(target);
      openMenu(stage, post, target.querySelector(".more"), { focus: "ticket" });
      return;
    }
    form.replyTo(id, skin.open(stage.bot()));
  };
  /** The latest that Bram, else anybody, said in public; older posts are part of the scenery. */
  const lastComplaint = () => {
    const said = view.posts.filter((post) => stage.person(post.author)?.role === "user" && !isSecret(post) && !["deleted", "removed"].includes(post.state) && Date.now() - Date.parse(post.at) < RECENT_MS);
    return said.findLast((post) => stage.person(post.author).name === "Bram") ?? said.at(-1);
  };

  const tries = {
    ask() { become("Ana", skin.ask); form.fill(skin.ask.text(stage.bot()), skin.ask.title ?? ""); },
    complain() { become("Bram", skin.complain); form.fill(skin.complain.text(stage.bot()), skin.complain.title ?? ""); },
    moderate() {
      const post = lastComplaint();
      if (!post) { tell("First let Bram complain (②); then Mila can open a ticket for him."); return; }
      const mila = view.people.find((person) => person.role === "moderator");
      enter(mila.id, post.place);
      tell("");
      moderate(post.id);
    },
  };
  const tryList = make("div", { class: "tries", role: "group", "aria-label": `Try on ${network}` },
    make("button", { type: "button", onclick: tries.ask, title: "Ana asks something the FAQ knows" }, make("b", {}, "1"), "Ask"),
    make("button", { type: "button", onclick: tries.complain, title: "Bram complains in public" }, make("b", {}, "2"), "Complain"),
    make("button", { type: "button", onclick: tries.moderate, title: "Mila, the moderator, opens a ticket for what Bram said" }, make("b", {}, "3"), "Moderate"));
  node.insertBefore(tryList, trouble);

  return {
    node,
    show(next, connection) {
      const first = view === null;
      view = next;
      setText(title, view.title);
      setText(state, connection.sentence);
      node.dataset.connection = connection.kind;
      weather.show(view.faults);
      if (first) {
        for (const person of view.people) for (const post of view.posts) seen.add(`${person.id} ${post.id}`);
        enter(view.people.find((person) => person.role !== "bot").id, "");
        opened = true;
        return;
      }
      if (!view.people.some((person) => person.id === me) || !mine().some((other) => other.id === place)) enter(stage.me()?.id ?? view.people[0].id, place);
      else render();
    },
  };
};
