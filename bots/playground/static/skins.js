// What differs between the networks on this page, as data: their words, their commands, and what to try first.

const STUCK = "My withdrawal has been stuck for three days and nobody answers. This is a disgrace!";
const QUESTION = "How long does a withdrawal take?";

const at = (name) => `@${name.replace(/^@/, "")}`;
const unprefixed = (name) => name.replace(/^\/?u\//, "");

/**
 * `called`: what a kind of place is called here, where its title says less. `slash`: a line that begins with the prefix is
 * a command of its own, no message. `privately`: links that lead to the bot's private place, and what following one fills in. `teamReads`: kinds of private places that moderators read, too. `quotesWithin`: what is answered stands in the
 * bubble. `feed`: kinds of places whose posts stand as threads, newest on top. `commands`: what typing the prefix offers, where the network does not say so itself.
 * `open`: the words with which a moderator answers a complaint to open a ticket for its author; "" is the context menu.
 */
export const SKINS = {
  telegram: {
    feed: [],
    handle: (person) => at(person.handle),
    badge: { bot: "bot", moderator: "admin" },
    called: { private: (bot) => bot.name },
    quotesWithin: true,
    privately: { link: /https:\/\/t\.me\/\w+\?start=[\w-]+/, fill: (url) => ({ text: `/start ${url.searchParams.get("start")}` }) },
    glyph: { group: "group", private: "person" },
    prefix: "/",
    commands: { ticket: "open a ticket", status: "how my ticket stands", language: "en or nl", help: "what the bot can do" },
    open: () => "/ticket",
    write: () => "Message",
    send: "Send",
    replied: "Reply to",
    private: "Only you and the bot read this chat",
    onlyFor: "Only you can see this message",
    gone: { deleted: "Deleted message", removed: "Removed by a moderator", locked: "" },
    ask: { kind: ["private"], text: () => QUESTION },
    complain: { kind: ["group"], text: () => STUCK },
  },
  discord: {
    feed: [],
    handle: (person) => at(person.handle),
    badge: { bot: "APP", moderator: "MOD" },
    called: { dm: (bot) => bot.name },
    glyph: { channel: "#", forum: "≡", thread: "↳", dm: "@" },
    groups: { channel: "Channels", forum: "Channels", thread: "Channels", dm: "Direct messages" },
    slash: true,
    privately: { link: /https:\/\/discord\.com\/users\/\d+/, fill: () => ({}) },
    prefix: "/",
    commands: {},  // the network's own: those that the bot registered
    open: () => "",
    titled: ["forum"],
    write: (place) => place.kind === "forum" ? "Begin a post" : `Message ${place.kind === "dm" ? "the bot" : `#${place.title.replace(/^#/, "")}`}`,
    send: "Send",
    replied: "Replying to",
    private: "Only you and the bot read these direct messages",
    onlyFor: "Only you can see this",
    gone: { deleted: "Deleted message", removed: "Removed by a moderator", locked: "" },
    ask: { kind: ["channel"], text: () => `/ask ${QUESTION}` },
    complain: { kind: ["channel"], last: true, text: () => STUCK },
  },
  twitter: {
    feed: ["timeline"],
    handle: (person) => at(person.handle),
    badge: { bot: "Automated", moderator: "staff" },
    called: { dm: () => "Messages", timeline: () => "Timeline" },
    privately: { link: /https:\/\/(?:x|twitter)\.com\/messages\/compose\?[\w=&%-]+/, fill: () => ({}) },
    prefix: "",
    commands: {},
    open: (bot) => `${at(bot.handle)} ticket`,
    write: (place) => (place.kind === "timeline" ? "What is happening?" : "Start a new message"),
    send: "Post",
    replied: "Replying to",
    private: "Only you and the bot read these messages",
    onlyFor: "Only you can see this",
    gone: { deleted: "This post was deleted by its author.", removed: "This post was removed.", locked: "Replies are closed" },
    ask: { kind: ["timeline"], text: (bot) => `${at(bot.handle)} ${QUESTION}` },
    complain: { kind: ["timeline"], text: (bot) => `${at(bot.handle)} ${STUCK}` },
  },
  reddit: {
    feed: ["subreddit"],
    handle: (person) => `u/${unprefixed(person.handle)}`,
    badge: { bot: "BOT", moderator: "MOD" },
    called: { modmail: (_, place) => (place.isTeams ? `✉ ${place.title.split(" ")[0]}` : "Modmail") },
    teamReads: ["modmail"],
    moderatorRemoves: true,
    privately: {
      label: "modmail",
      link: /https?:\/\/[\w.:-]+\/message\/compose\?[\w=&%+.-]+/,
      fill: (url) => ({ text: url.searchParams.get("message") ?? "", title: url.searchParams.get("subject") ?? "" }),
    },
    prefix: "!",
    commands: { ticket: "open a ticket", status: "how my ticket stands", faq: "ask the FAQ" },
    open: () => "!ticket",
    write: (place) => (place.kind === "subreddit" ? "Say more (optional)" : "Message the moderators"),
    send: "Post",
    replied: "Comment under",
    private: "Modmail: only they and the moderators read this",
    onlyFor: "Only you can see this",
    gone: { deleted: "[deleted]", removed: "[removed by a moderator]", locked: "locked" },
    titled: ["subreddit"],
    ask: { kind: ["subreddit"], title: QUESTION, text: (bot) => `u/${unprefixed(bot.handle)} ${QUESTION}` },
    complain: { kind: ["subreddit"], title: "Withdrawal stuck for three days", text: () => STUCK },
  },
};

export const FAULTS = {
  offline: { label: "Network down", what: "connections are cut and refused" },
  rate_limit: { label: "Rate limit", what: "every write is answered “too many requests”" },
  server_error: { label: "Server errors", what: "every request fails with a 5xx" },
};

/** How the ledger's outcomes are called, in the order in which they are counted up. */
export const OUTCOMES = {
  answered: "Answered", suggested: "Suggested", ticket_opened: "Ticket opened", appended: "Added to a ticket",
  acted: "Acted on", ignored: "Ignored", failed: "Failed",
};
