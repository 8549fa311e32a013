"use strict";
// The page of an audit's report. It reads the keys from the data blocks of the document, one column at a time, and
// keeps in the document only the rows that are seen. Nothing is requested, and every text becomes a text node: the
// page's policy (trusted types) refuses markup made of text.

// The group of each verdict, which gives it its colour.
const GROUPS = {
  idle: "unused", never_used: "unused", no_record: "unused", unreadable: "unreadable", pending_deletion: "waiting",
  too_new: "waiting", in_use: "used", other_account: "outside", aws_managed: "outside",
};
const UNUSED = Object.keys(GROUPS).filter((verdict) => GROUPS[verdict] === "unused");
// Facets to choose one value of.
const CHOICES = ["account", "region", "owner"];
// Keys on paper, some 40 pages: more are filtered first, or read from another format.
const MOST_PRINTED = 1000;
// Rows in a table of accounts, owners or regions.
const MOST_PLACES = 8;
// Bars of a chart, each wide enough to be pointed at on a telephone.
const MOST_BARS = 30;
// Rows kept beyond both edges of what is seen, so that scrolling shows no blank.
const OVERSCAN = 8;
// Milliseconds of reading before the page may answer to its reader again.
const LONGEST_TASK = 30;
const SECONDS_A_DAY = 86400;
const MONTHS_A_YEAR = 12;

const byId = (id) => document.getElementById(id);

// ---- Text

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Return a text with everything that is not printable (control and bidi characters, line ends) written out. */
function visible(text) {
  return String(text).replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0);
    const [letter, digits] = code > 0xffff ? ["U", 8] : code > 0xff ? ["u", 4] : ["x", 2];
    return ESCAPES[character] ?? `\\${letter}${code.toString(16).padStart(digits, "0")}`;
  });
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    // Neither null nor undefined.
    if (value != null) node.setAttribute(name, visible(value));
  }
  for (const child of children) {
    if (child != null) node.append(child instanceof Node ? child : visible(child));
  }
  return node;
}

/** Make an element; children that are no nodes become text. */
const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const shape = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const plainNumber = new Intl.NumberFormat("en-US");
const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const count = (number) => plainNumber.format(number);
const many = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
const day = (seconds) => (seconds === null ? null : new Date(seconds * 1000).toISOString().slice(0, 10));
const minute = (seconds) =>
  seconds === null ? null : `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
/** Return a time of JSON (2026-05-01T12:30:15.123Z) as people read it. */
const minuteOf = (text) => (text ? `${text.slice(0, 16).replace("T", " ")} UTC` : null);
const cost = ({ dollars, atLeast }) => `${atLeast ? "at least " : ""}${money.format(dollars)} USD`;
const list = (texts) => new Intl.ListFormat("en-GB").format(texts);

/** Quote a word for a shell, if it needs that. */
function quoted(word) {
  const text = visible(word);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

// ---- Data

/** What an audit found: a column for each member of a record, each a list of values and an index into it by key. */
class Keys {
  constructor(total) {
    this.total = total;
    this.read = 0;
    this.columns = new Map();
  }

  /** Take the next block: by column its values, and the index of each key's, unless each has its own or all one. */
  add({ rows, columns }) {
    for (const [name, [values, indices]] of Object.entries(columns)) {
      if (!this.columns.has(name)) this.columns.set(name, { values: [], index: new Uint32Array(this.total) });
      const column = this.columns.get(name);
      const base = column.values.length;
      for (const value of values) column.values.push(value);
      for (let row = 0; row < rows; row++) {
        const position = indices ? indices[row] : values.length === 1 ? 0 : row;
        column.index[this.read + row] = base + position;
      }
    }
    this.read += rows;
  }

  get(name, row) {
    const { values, index } = this.columns.get(name);
    return values[index[row]];
  }

  arn(row) {
    return this.get("arn", row) ?? this.get("arn_stem", row) + this.get("key_id", row);
  }

  /** Return what people call a key: its first alias, else its description, else its id. */
  name(row) {
    const [alias] = this.get("aliases", row) ?? [];
    return alias?.replace(/^alias\//, "") || this.get("description", row) || this.get("key_id", row);
  }

  cost(row) {
    const dollars = this.get("monthly_cost", row);
    if (dollars === null) return "";
    return `${this.get("monthly_cost_is_minimum", row) ? "≥ " : ""}${money.format(dollars)}`;
  }

  /** Return what to say of a key that cannot be used and is asked for; null of any other. */
  demand(row) {
    const refused = this.get("failed_uses", row)?.count;
    return refused ? `in demand: ${count(refused)} refused` : null;
  }

  account(row) {
    const id = this.get("account_id", row);
    const name = this.get("account_name", row);
    return name ? `${name} (${id})` : id;
  }

  label(row) {
    return context.verdicts[this.get("verdict", row)];
  }

  /** Return the text that is searched, in lower case. */
  searched(row) {
    const tags = (this.get("tags", row) ?? []).map(([name, value]) => `${name}=${value}`);
    const words = [
      ...(this.get("aliases", row) ?? []), this.get("description", row), this.arn(row), this.get("account_name", row),
      this.get("owner", row), this.label(row), this.get("state", row), this.get("spec", row), ...tags,
      this.get("last_operation", row), this.get("last_user", row)?.principal_arn, this.get("error", row)?.code,
      this.demand(row),
    ];
    return words.filter(Boolean).join("\n").toLowerCase();
  }
}

/** A member by which keys are counted and filtered: its distinct values, and the number of each key's. */
class Facet {
  constructor(name, labelOf) {
    const numbers = new Map();
    const { values, index } = keys.columns.get(name) ?? { values: [], index: [] };
    const codes = values.map((value) => numbers.get(value) ?? numbers.set(value, numbers.size).get(value));
    this.codes = Uint32Array.from(index, (position) => codes[position]);
    this.values = [...numbers.keys()];
    // A key with each value.
    const sample = [];
    this.codes.forEach((code, row) => { sample[code] ??= row; });
    this.labels = this.values.map((value, code) => labelOf(value, sample[code]));
  }
}

// What the report tells beside its keys.
let context;
// The verdicts, those first that somebody has something to do about.
let verdicts;
// The Keys.
let keys;
// Facets by name: verdict, account, region, owner.
let facets;
// What was counted, see `countAll`.
let totals;
// The Table.
let table;
// The text of each key that is searched, as far as they are made.
const searchTexts = [];

const pause = () => (globalThis.scheduler?.yield ? scheduler.yield() : new Promise((resolve) => setTimeout(resolve)));

/** Read the data blocks, with pauses in which the page answers to its reader. */
async function readData() {
  context = JSON.parse(byId("context").textContent);
  verdicts = Object.keys(context.verdicts);
  keys = new Keys(context.keys);
  let since = performance.now();
  for (const block of document.querySelectorAll("script.keys")) {
    keys.add(JSON.parse(block.textContent));
    // Its text is not needed any more.
    block.remove();
    if (performance.now() - since > LONGEST_TASK) {
      await pause();
      since = performance.now();
    }
  }
  facets = {};
  for (const [name, member, labelOf] of [
    ["verdict", "verdict", (value) => context.verdicts[value]],
    ["account", "account_id", (value, row) => keys.account(row)],
    ["region", "region", (value) => value],
    ["owner", "owner", (value) => value ?? "no owner known"],
  ]) {
    await pause();
    facets[name] = new Facet(member, labelOf);
  }
}

/** Keys that are counted together: how many, how many of them nobody used, and what they cost. */
class Tally {
  keys = 0;
  unused = 0;
  cost = new Cost();
  unusedCost = new Cost();

  add(row) {
    this.keys += 1;
    this.cost.add(row);
    if (isUnused(row)) {
      this.unused += 1;
      this.unusedCost.add(row);
    }
  }
}

/** What several keys cost a month: a sum in US dollars, and whether it may be more. */
class Cost {
  dollars = 0;
  known = 0;
  atLeast = false;

  add(row) {
    const dollars = keys.get("monthly_cost", row);
    if (dollars !== null) {
      this.dollars += dollars;
      this.known += 1;
      this.atLeast ||= keys.get("monthly_cost_is_minimum", row);
    } else if (keys.get("verdict", row) !== "other_account") {
      // The owner of another account's key pays for it.
      this.atLeast = true;
    }
  }
}

/** Count all keys, and those of each verdict, account, region and owner, with a pause after each. */
async function countAll() {
  totals = { all: new Tally(), oldest: null, refused: 0, demanded: 0 };
  for (let row = 0; row < keys.total; row++) {
    totals.all.add(row);
    if (isUnused(row)) totals.oldest = Math.max(totals.oldest, keys.get("idle_days", row));
    totals.refused += keys.get("verdict", row) === "in_use" && keys.get("state", row) === "Disabled";
    totals.demanded += keys.demand(row) !== null;
  }
  for (const [name, { codes, values }] of Object.entries(facets)) {
    await pause();
    totals[name] = values.map(() => new Tally());
    codes.forEach((code, row) => totals[name][code].add(row));
  }
}

function makeSearchTexts(number) {
  while (searchTexts.length < number) searchTexts.push(keys.searched(searchTexts.length));
}

const isUnused = (row) => GROUPS[keys.get("verdict", row)] === "unused";
const rowsOf = (value) => Array.from({ length: keys.total }, (_, row) => value(row));
const tallyOf = (verdict) => totals.verdict[facets.verdict.values.indexOf(verdict)] ?? new Tally();

// ---- Summary

function showSummary() {
  const { ended_at: ended, idle_days: days, source, version, filters } = context;
  document.title = `KMS key usage audit${ended ? `, ${day(ended)}` : ""}`;
  const accounts = new Set(rowsOf((row) => keys.get("audited_account_id", row) ?? keys.get("account_id", row)));
  const places = [many(accounts.size, "account"), many(facets.region.values.length, "region")];
  byId("about").append(visible([
    ended ? `Audited until ${minute(ended)}` : null,
    keys.total ? places.join(", ") : null,
    `unused means: no use in ${many(days, "day")}`,
    source ? `from ${source}` : null,
  ].filter(Boolean).join(" · ")));
  byId("lead").append(lead());
  for (const [text, isNotice, show] of notes()) {
    const button = show ? element("button", { type: "button", class: "link" }, "Show") : null;
    button?.addEventListener("click", () => selection.show(show));
    byId("notes").append(element("p", { class: isNotice ? "notice" : null }, text, show ? " " : null, button));
  }
  for (const [label, value, unit, more] of figures()) {
    byId("figures").append(element(
      "div", {}, element("dt", {}, label),
      element("dd", { class: "value" }, value, unit ? element("small", {}, ` ${unit}`) : null),
      more ? element("dd", { class: "more" }, more) : null,
    ));
  }
  byId("footer").append(visible([
    `awskms-lite ${version}`, "all times in UTC", filters.length ? `chosen by ${filters.join(" ")}` : null,
    "this file is complete in itself and requests nothing",
  ].filter(Boolean).join(" · ")));
}

function lead() {
  if (!keys.total) return "No key was found.";
  const { keys: all, unused, unusedCost } = totals.all;
  if (!unused) return `None of ${many(all, "key")} is known to be unused for ${many(context.idle_days, "day")}.`;
  const which = `${count(unused)} of ${many(all, "key")} ${unused === 1 ? "shows" : "show"} no use in ${many(context.idle_days, "day")}`;
  if (!unusedCost.known) return `${which}.`;
  const year = money.format(unusedCost.dollars * MONTHS_A_YEAR);
  return `${which}, and ${unused === 1 ? "costs" : "cost"} ${cost(unusedCost)} a month: ${year} USD a year.`;
}

/** Return what is to be known beside the figures: a text, whether it is a warning, and filters that show its keys. */
function notes() {
  const found = [completeness()];
  if (totals.demanded) {
    found.push([`In demand though unusable: ${many(totals.demanded, "key")}. CloudTrail has refused uses.`, true, { text: "in demand" }]);
  }
  if (totals.refused) {
    found.push([`Used in the last ${many(context.idle_days, "day")} but disabled: ${many(totals.refused, "key")}. Whoever needs one is refused now.`, true, { verdicts: ["in_use"], text: "disabled" }]);
  }
  const { summary, filters } = context;
  if (filters.length) {
    const left = summary ? `, ${many(summary.filtered, "other")} left out` : "";
    found.push([`Only keys chosen by ${filters.join(" ")} are in this report${left}.`, false]);
  }
  if (totals.all.unused) found.push(["No verdict alone is permission to delete a key: find its owner and what depends on it first.", false]);
  return found;
}

function completeness() {
  const { summary } = context;
  const unreadable = tallyOf("unreadable").keys;
  const unread = unreadable ? { verdicts: ["unreadable"] } : null;
  if (!summary) {
    const known = unreadable ? `${many(unreadable, "key")} could not be read. ` : "";
    return [`${known}Made from saved records: whether the audit behind them was complete is not known here.`, unreadable > 0, unread];
  }
  const targets = many(summary.targets, "target");
  if (summary.complete) {
    return [`The audit is complete: all keys of ${targets} (an account in a region) were listed and read.`, false];
  }
  const missing = summary.listed - summary.filtered - summary.evaluated;
  const parts = [
    missing ? `${count(missing)} of ${many(summary.listed - summary.filtered, "key")} could not be read` : null,
    summary.partial ? `${count(summary.partial)} of ${targets} could not be listed in full` : null,
    summary.stopped ? "it was ended early" : null,
  ].filter(Boolean);
  return [`The audit is incomplete: ${list(parts)}. A key that was not read may be in use.`, true, unread];
}

function figures() {
  const { keys: all, unused, cost: total, unusedCost } = totals.all;
  const { summary } = context;
  const found = [["Keys in this report", count(all)]];
  if (summary && summary.listed !== all) found[0].push(null, `of ${count(summary.listed)} listed`);
  if (all) found.push(["Unused", count(unused), null, `${share(unused, all)} of all keys`]);
  if (unusedCost.known) {
    found.push(["Cost of the unused", money.format(unusedCost.dollars), "USD a month", atLeast(unusedCost)]);
  }
  if (total.known) found.push(["Cost of all keys", money.format(total.dollars), "USD a month", atLeast(total)]);
  if (totals.oldest !== null) found.push(["Longest without use", count(totals.oldest), totals.oldest === 1 ? "day" : "days"]);
  // Rounded down: 99.96 % are not all.
  if (summary) {
    const listed = `${count(summary.targets - summary.partial)} of ${many(summary.targets, "target")} listed in full`;
    found.push(["Coverage", Math.floor(summary.coverage * 1000) / 10, "%", summary.partial ? listed : "of the keys that were listed"]);
  }
  return found;
}

const atLeast = ({ atLeast: more }) => (more ? "at least: not all costs are known" : null);

function share(part, whole) {
  const percent = (part / whole) * 100;
  return part && percent < 1 ? "under 1 %" : `${Math.round(percent)} %`;
}

function showUnread() {
  const targets = context.summary?.unread ?? [];
  byId("unread").hidden = !targets.length;
  byId("unread").append(plainTable(
    "Targets that were not read, or not in full", ["Region", "Account or role", "Status", "Cause, and what to do"],
    targets.map(({ region, caller, status, text }) => [region, caller || "the caller's own account", status, text]), "",
  ));
}

/** Make a table of texts or elements: the first of each row is its head, and the others are of one class. */
const plainTable = (caption, heads, rows, kind) => element(
  "table", { class: "plain" }, element("caption", {}, caption),
  element("thead", {}, element("tr", {}, ...heads.map((text, at) => element("th", { scope: "col", class: at ? kind : "" }, text)))),
  element("tbody", {}, ...rows.map(([first, ...others]) => element(
    "tr", {}, element("th", { scope: "row" }, first), ...others.map((text) => element("td", { class: kind }, text)),
  ))),
);

/** Show in which accounts, regions and of which owners the unused keys are, most expensive first. */
function showPlaces() {
  for (const [name, title] of [["account", "By account"], ["owner", "By owner"], ["region", "By region"]]) {
    const { values } = facets[name];
    const codes = [...values.keys()].filter((code) => totals[name][code].unused);
    if (values.length < 2 || !codes.length) continue;
    const weight = ({ unusedCost, unused }) => unusedCost.dollars * keys.total + unused;
    codes.sort((one, other) => weight(totals[name][other]) - weight(totals[name][one]));
    byId("places").querySelector(".panels").append(placeTable(name, title, codes));
  }
  byId("places").hidden = !byId("places").querySelector("table");
}

function placeTable(name, title, codes) {
  const priced = totals.all.unusedCost.known > 0;
  const rows = codes.slice(0, MOST_PLACES).map((code) => {
    const { unused, keys: all, unusedCost } = totals[name][code];
    const button = element("button", { type: "button", class: "link" }, facets[name].labels[code]);
    button.addEventListener("click", () => selection.show({ verdicts: UNUSED, [name]: code }));
    return [button, count(unused), count(all), ...(priced ? [money.format(unusedCost.dollars)] : [])];
  });
  const rest = codes.length - rows.length;
  return element(
    "div", {}, plainTable(title, [name, "unused", "of keys", ...(priced ? ["USD/month"] : [])], rows, "number"),
    rest > 0 ? element("p", { class: "rest" }, `and ${count(rest)} more, in the table's filters`) : null,
  );
}

// ---- Charts

// Charts made so far: each needs ids of its own.
let charts = 0;

/** Make a picture with a name and a description, which screen readers read in its place. */
function picture(width, height, title, description, parts) {
  charts += 1;
  const names = [`chart-${charts}-title`, `chart-${charts}-text`];
  return shape(
    "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": names.join(" ") },
    shape("title", { id: names[0] }, title), shape("desc", { id: names[1] }, description), ...parts,
  );
}

const label = (x, y, text, attributes = {}) => shape("text", { x, y, ...attributes }, text);

/** Put a picture as wide as its place there, where its texts keep their size. */
function draw(id, make) {
  const figure = byId(id);
  const width = Math.max(Math.round(figure.clientWidth), 280);
  if (figure.dataset.width === String(width)) return;
  figure.dataset.width = width;
  figure.querySelector("svg")?.remove();
  figure.append(make(width));
}

function drawCharts() {
  draw("by-verdict", verdictChart);
  draw("idle-days", idleChart);
  draw("last-uses", lastUseChart);
}

function verdictChart(width) {
  const line = 24;
  const shown = verdicts.filter((verdict) => tallyOf(verdict).keys);
  const priced = totals.all.cost.known > 0;
  const [left, number] = [112, 62];
  const room = priced ? (width - left) / 2 - number : width - left - number;
  const most = Math.max(1, ...shown.map((verdict) => tallyOf(verdict).keys));
  const dearest = Math.max(1, ...shown.map((verdict) => tallyOf(verdict).cost.dollars));
  const parts = [label(left, 12, "keys", { class: "quiet" })];
  if (priced) parts.push(label(left + room + number, 12, "USD a month", { class: "quiet" }));
  shown.forEach((verdict, at) => {
    const { keys: all, cost: its } = tallyOf(verdict);
    const [y, group] = [20 + at * line, GROUPS[verdict]];
    const bar = (x, value, top, text) => [
      shape("rect", { class: group, x, y: y + 3, width: Math.max((value / top) * room, value ? 1.5 : 0), height: line - 9 }),
      label(x + Math.max((value / top) * room, 0) + 6, y + line / 2 + 3, text),
    ];
    parts.push(label(0, y + line / 2 + 3, context.verdicts[verdict]), ...bar(left, all, most, count(all)));
    if (priced) parts.push(...bar(left + room + number, its.dollars, dearest, its.known ? `${its.atLeast ? "≥ " : ""}${money.format(its.dollars)}` : "not known"));
  });
  const description = shown.map((verdict) => {
    const { keys: all, cost: its } = tallyOf(verdict);
    return `${context.verdicts[verdict]}: ${many(all, "key")}${its.known ? `, ${cost(its)}` : ""}`;
  });
  return picture(width, 26 + shown.length * line, "Keys and cost by verdict", `${description.join("; ")}.`, parts);
}

/** Draw bars of stacked counts over an axis: `bins` are {unused, other, name}, `marks` {at (in bins), text}. */
function histogram(width, { bins, ticks, marks, title, description, axis }) {
  const [height, top, bottom] = [190, 34, 34];
  const most = Math.max(1, ...bins.map(({ unused, other }) => unused + other));
  const step = niceStep(most / 3);
  const ceiling = Math.ceil(most / step) * step;
  const left = 10 + 7 * count(ceiling).length;
  const scale = (value) => (value / ceiling) * (height - top - bottom);
  const wide = (width - left) / bins.length;
  const base = height - bottom;
  const parts = [];
  for (let value = 0; value <= ceiling; value += step) {
    parts.push(shape("line", { class: value ? "grid" : "axis", x1: left, x2: width, y1: base - scale(value), y2: base - scale(value) }));
    parts.push(label(left - 6, base - scale(value) + 4, count(value), { class: "quiet", "text-anchor": "end" }));
  }
  bins.forEach(({ unused, other, name }, at) => {
    if (!unused && !other) return;
    const x = left + at * wide + 0.5;
    const least = (value) => (value ? Math.max(scale(value), 1.5) : 0);
    const rect = (group, y, tall) => shape("rect", { class: group, x, y, width: Math.max(wide - 1, 1), height: tall });
    parts.push(shape(
      "g", {}, shape("title", {}, `${name}: ${many(unused + other, "key")}${unused && other ? `, ${count(unused)} of them unused` : ""}`),
      rect("unused", base - least(unused), least(unused)), rect("used", base - least(unused) - least(other), least(other)),
    ));
  });
  for (const { at, text } of ticks) {
    const x = left + at * wide;
    parts.push(shape("line", { class: "axis", x1: x, x2: x, y1: base, y2: base + 4 }));
    // The first one would hang out of the picture on the left.
    parts.push(label(x, base + 16, text, { class: "quiet", "text-anchor": at ? "middle" : "start" }));
  }
  for (const { at, text } of marks) {
    const x = left + at * wide;
    const isRight = x > width * 0.6;
    parts.push(shape("line", { class: "mark", x1: x, x2: x, y1: top - 6, y2: base }));
    parts.push(label(x + (isRight ? -4 : 4), top - 2, text, { "text-anchor": isRight ? "end" : "start" }));
  }
  parts.push(label(width, height - 3, axis, { class: "quiet", "text-anchor": "end" }), ...legend());
  return picture(width, height, title, description, parts);
}

/** Return the bars of a chart in words. */
function described(bins) {
  const texts = bins.filter(({ unused, other }) => unused + other).map(({ name, unused, other }) => `${name}: ${count(unused + other)}`);
  return `${texts.join("; ")}.`;
}

const legend = () => [
  shape("rect", { class: "unused", x: 0, y: 2, width: 10, height: 10 }), label(15, 11, "unused"),
  shape("rect", { class: "used", x: 68, y: 2, width: 10, height: 10 }), label(83, 11, "others"),
];

/** Return the step of 1, 2 or 5 times a power of ten, at least 1, that is next to a number. */
function niceStep(number) {
  const power = 10 ** Math.floor(Math.log10(Math.max(number, 1)));
  return Math.max(1, power * [1, 2, 5, 10].find((factor) => factor * power >= number));
}

/** Return the least and the greatest value of a column; nothing if it has none. */
function extent(name) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of keys.columns.get(name)?.values ?? []) {
    if (value !== null) [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  return most < least ? null : [least, most];
}

/** Count the keys of each bar: `place` tells where on the axis a value of the column is, in bars. */
function binned(number, name, place) {
  const bins = Array.from({ length: number }, () => ({ unused: 0, other: 0 }));
  for (let row = 0; row < keys.total; row++) {
    const value = keys.get(name, row);
    if (value === null) continue;
    bins[Math.min(Math.max(Math.floor(place(value)), 0), number - 1)][isUnused(row) ? "unused" : "other"] += 1;
  }
  return bins;
}

const nothing = (width, title) => picture(width, 60, title, "There is none.", [label(0, 30, "There is none.", { class: "quiet" })]);

function idleChart(width) {
  const title = "Keys by idle days";
  const found = extent("idle_days");
  if (!found) return nothing(width, title);
  const { idle_days: window } = context;
  // The window belongs into the picture, unless it is far from all keys.
  const last = window > 2 * found[1] + 1 ? found[1] : Math.max(window, found[1]);
  const step = niceStep((last + 1) / MOST_BARS);
  const number = Math.floor(last / step) + 1;
  const bins = binned(number, "idle_days", (value) => value / step);
  bins.forEach((bin, at) => { bin.name = step === 1 ? many(at, "day") : `${at * step} to ${(at + 1) * step - 1} days`; });
  // Bars between two ticks, which need 38 pixels.
  const every = Math.ceil(niceStep((number * step * 38) / width) / step);
  const ticks = bins.map((_, at) => ({ at, text: count(at * step) })).filter(({ at }) => at % every === 0 && at + every / 2 < number);
  const marks = window > last ? [] : [{ at: window / step, text: `unused from ${many(window, "day")}` }];
  const description = `${described(bins)} Unused from ${many(window, "day")} on.`;
  return histogram(width, { bins, ticks, marks, title, description, axis: "idle days" });
}

function lastUseChart(width) {
  const title = "Keys by the date of their last use";
  const found = extent("last_used");
  if (!found) return nothing(width, title);
  const [first, end] = [found[0], Math.max(found[1], context.ended_at ?? 0)];
  const days = Math.max(Math.ceil((end - first) / SECONDS_A_DAY), 1);
  const step = days <= MOST_BARS ? 1 : 7 * Math.ceil(days / 7 / MOST_BARS);
  const number = Math.max(Math.ceil(days / step), 7);
  const start = end - number * step * SECONDS_A_DAY;
  const place = (seconds) => (seconds - start) / (step * SECONDS_A_DAY);
  const bins = binned(number, "last_used", place);
  bins.forEach((bin, at) => {
    const from = start + at * step * SECONDS_A_DAY;
    bin.name = `${day(from)} to ${day(from + step * SECONDS_A_DAY)}`;
  });
  // Bars between two ticks, which need 110 pixels: a date is 66 wide, and the first one begins at its tick.
  const every = Math.ceil((number * 110) / width);
  const ticks = bins.map((_, at) => ({ at, text: day(start + at * step * SECONDS_A_DAY) })).filter(({ at }) => at % every === 0 && at + every / 2 < number);
  const marks = [{ at: place(end - context.idle_days * SECONDS_A_DAY), text: `${many(context.idle_days, "day")} ago` }];
  const description = described(bins);
  return histogram(width, {
    bins, ticks, marks: marks.filter(({ at }) => at > 0), title, description,
    axis: step === 1 ? "by day" : step === 7 ? "by week" : `by ${step / 7} weeks`,
  });
}

// ---- Filters

const selection = {
  text: "", verdicts: new Set(), account: null, region: null, owner: null,

  /** Make the controls, without those that could choose nothing. */
  prepare() {
    for (const verdict of verdicts.filter((each) => tallyOf(each).keys)) {
      const button = element("button", { type: "button", "aria-pressed": "false", "data-verdict": verdict }, context.verdicts[verdict], " ", element("b"));
      button.addEventListener("click", () => {
        if (!this.verdicts.delete(verdict)) this.verdicts.add(verdict);
        this.apply();
      });
      byId("verdicts").append(button);
    }
    for (const name of CHOICES) this.prepareChoice(name);
    const search = byId("search");
    search.addEventListener("input", () => {
      this.text = search.value;
      clearTimeout(this.timer);
      // 80 milliseconds: not between two letters of one word.
      this.timer = setTimeout(() => this.apply(), 80);
    });
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("reset").addEventListener("click", () => this.show({}));
  },

  prepareChoice(name) {
    const { values, labels } = facets[name];
    const select = byId(name);
    select.parentElement.hidden = values.length < 2;
    const codes = [...values.keys()].sort((one, other) => (values[one] === null) - (values[other] === null) || (labels[one] < labels[other] ? -1 : 1));
    select.append(element("option", { value: "" }, `all ${count(values.length)}`));
    for (const code of codes) select.append(element("option", { value: code }, `${labels[code]} (${count(totals[name][code].keys)})`));
    select.addEventListener("change", () => {
      this[name] = select.value === "" ? null : Number(select.value);
      this.apply();
    });
  },

  /** Set all filters at once, and go to the table. */
  show({ text = "", verdicts = [], account = null, region = null, owner = null }) {
    Object.assign(this, { text, verdicts: new Set(verdicts), account, region, owner });
    byId("search").value = text;
    for (const name of CHOICES) byId(name).value = this[name] ?? "";
    this.apply();
    byId("keys").scrollIntoView();
    byId("search").focus({ preventScroll: true });
  },

  /** Choose the keys, count those that each verdict would add, and show them. */
  apply() {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) makeSearchTexts(keys.total);
    const chosen = CHOICES.filter((name) => this[name] !== null).map((name) => [facets[name].codes, this[name]]);
    const wanted = new Set([...this.verdicts].map((verdict) => facets.verdict.values.indexOf(verdict)));
    const counts = facets.verdict.values.map(() => 0);
    const total = new Cost();
    const { codes } = facets.verdict;
    const rows = table.order.filter((row) => {
      if (!chosen.every(([its, code]) => its[row] === code)) return false;
      if (!words.every((word) => searchTexts[row].includes(word))) return false;
      counts[codes[row]] += 1;
      if (wanted.size && !wanted.has(codes[row])) return false;
      total.add(row);
      return true;
    });
    for (const button of byId("verdicts").querySelectorAll("button")) {
      const { verdict } = button.dataset;
      button.setAttribute("aria-pressed", String(this.verdicts.has(verdict)));
      button.querySelector("b").textContent = count(counts[facets.verdict.values.indexOf(verdict)]);
    }
    const price = total.known && rows.length ? ` · ${cost(total)} a month` : "";
    const printed = rows.length > MOST_PRINTED ? ` · printed: the first ${count(MOST_PRINTED)}` : "";
    byId("shown").textContent = `${count(rows.length)} of ${many(keys.total, "key")}${price}${printed}`;
    table.show(rows);
  },
};

// ---- Table

const COLUMNS = [
  { name: "key", label: "Key", value: (row) => keys.name(row).toLowerCase() },
  { name: "verdict", label: "Verdict", value: (row) => verdicts.indexOf(keys.get("verdict", row)) },
  { name: "idle", label: "Idle days", isNumber: true, value: (row) => keys.get("idle_days", row) },
  { name: "last", label: "Last use", value: (row) => keys.get("last_used", row) },
  { name: "cost", label: "USD/month", isNumber: true, value: (row) => keys.get("monthly_cost", row) },
  { name: "owner", label: "Owner", value: (row) => keys.get("owner", row)?.toLowerCase() ?? null },
  { name: "account", label: "Account", value: (row) => (keys.get("account_name", row) ?? keys.get("account_id", row)).toLowerCase() },
  { name: "region", label: "Region", value: (row) => keys.get("region", row) },
];

const badge = (row) => element("span", { class: `badge ${GROUPS[keys.get("verdict", row)]}` }, keys.label(row));

/** A grid that holds the rows which are seen, and says of each which of all it is. */
class Table {
  constructor() {
    this.body = byId("table").tBodies[0];
    this.scroller = byId("scroller");
    // The keys that are shown, in order.
    this.rows = [];
    // Rows in the document, by position.
    this.made = new Map();
    // Pixels, until one was measured.
    this.rowHeight = 46;
    // Of the cell that Tab leads to.
    this.position = 0;
    this.column = 0;
    this.isPrinting = false;
    this.ranks = new Map();
    // A column, and whether it is descending; null for the order of the report.
    this.sorted = null;
    // A column that would be empty, or the same for all keys, is left out.
    const told = {
      owner: facets.owner.values.some((owner) => owner !== null), cost: totals.all.cost.known > 0,
      account: facets.account.values.length > 1, region: facets.region.values.length > 1,
    };
    this.columns = COLUMNS.filter(({ name }) => told[name] ?? true);
    this.natural = this.naturalOrder();
    this.order = this.natural;
    this.prepare();
  }

  prepare() {
    const heads = this.columns.map((column) => {
      const button = element("button", { type: "button" }, column.label);
      button.addEventListener("click", () => this.sortBy(column));
      return element("th", { scope: "col", class: `${column.name}${column.isNumber ? " number" : ""}`, "aria-sort": "none" }, button);
    });
    byId("table").tHead.append(element("tr", { "aria-rowindex": 1 }, ...heads));
    byId("table").querySelector("colgroup").append(...this.columns.map(({ name }) => element("col", { class: `w-${name}` })));
    this.scroller.addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(this.scroller);
    this.body.addEventListener("keydown", (event) => this.move(event));
    this.body.addEventListener("focusin", (event) => this.follow(event.target));
    this.body.addEventListener("click", ({ target }) => {
      const row = target.closest(".key-row");
      if (row && (target.nodeName === "BUTTON" || getSelection().isCollapsed)) story.open(Number(row.dataset.position));
    });
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  /** Return the keys as the report shows them: those in demand, then by what asks for action, the longest idle first. */
  naturalOrder() {
    const [, verdict, idle] = COLUMNS;
    const demand = { value: (row) => (keys.demand(row) ? 0 : 1) };
    return this.sorting(Uint32Array.from(rowsOf((row) => row)), [demand, false], [verdict, false], [idle, true]);
  }

  /** Return the keys sorted by columns; equal ones stay as they are, and those without a value come last. */
  sorting(rows, ...criteria) {
    // One number for all ranks and the position: numbers are sorted many times faster than by a function.
    const order = new Float64Array(rows.length);
    for (const [column, isDescending] of criteria) {
      const { ranks, most } = this.ranksOf(column);
      rows.forEach((row, at) => {
        const rank = isDescending && ranks[row] <= most ? most - ranks[row] : ranks[row];
        order[at] = order[at] * (most + 2) + rank;
      });
    }
    rows.forEach((_, at) => { order[at] = order[at] * rows.length + at; });
    return Uint32Array.from(order.sort(), (number) => rows[number % rows.length]);
  }

  /** Return each key's rank among a column's distinct values, and the highest; keys without a value are above it. */
  ranksOf(column) {
    if (!this.ranks.has(column)) {
      const values = rowsOf(column.value);
      const distinct = [...new Set(values)].filter((value) => value !== null);
      distinct.sort(typeof distinct[0] === "number" ? (one, other) => one - other : undefined);
      const numbers = new Map(distinct.map((value, rank) => [value, rank]));
      const ranks = Uint32Array.from(values, (value) => numbers.get(value) ?? distinct.length);
      this.ranks.set(column, { ranks, most: distinct.length - 1 });
    }
    return this.ranks.get(column);
  }

  /** Sort by a column, numbers and dates from the greatest on; once more turns that round, and then it ends. */
  sortBy(column) {
    const first = Boolean(column.isNumber) || column.name === "last";
    const [before, isDescending] = this.sorted ?? [];
    this.sorted = before !== column ? [column, first] : isDescending === first ? [column, !first] : null;
    this.order = this.sorted ? this.sorting(this.natural, this.sorted) : this.natural;
    [...byId("table").tHead.rows[0].cells].forEach((head, at) => {
      const isSorted = this.sorted?.[0] === this.columns[at];
      head.setAttribute("aria-sort", isSorted ? (this.sorted[1] ? "descending" : "ascending") : "none");
    });
    selection.apply();
  }

  /** Show other keys, or the same in another order, from the first one on. */
  show(rows) {
    this.rows = rows;
    this.position = 0;
    this.column = 0;
    this.body.replaceChildren();
    this.made.clear();
    this.scroller.scrollTop = 0;
    byId("table").setAttribute("aria-rowcount", rows.length + 1);
    this.render();
    this.measure();
  }

  measure() {
    const first = this.made.values().next().value;
    const height = first?.getBoundingClientRect().height;
    if (height && !this.isPrinting) this.rowHeight = height;
    this.render();
  }

  /** Return the positions that belong into the document: what is seen, and the row that has the focus. */
  wanted() {
    if (this.isPrinting) return Array.from({ length: Math.min(this.rows.length, MOST_PRINTED) }, (_, position) => position);
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(Math.floor(scrollTop / this.rowHeight) - OVERSCAN, 0);
    const last = Math.min(Math.ceil((scrollTop + clientHeight) / this.rowHeight) + OVERSCAN, this.rows.length);
    const positions = Array.from({ length: Math.max(last - first, 0) }, (_, at) => first + at);
    const focused = this.made.get(this.position)?.contains(document.activeElement) ? this.position : null;
    if (focused !== null && focused < first) positions.unshift(focused);
    if (focused !== null && focused >= last) positions.push(focused);
    return positions;
  }

  render() {
    const positions = this.wanted();
    const wanted = new Set(positions);
    for (const gap of this.body.querySelectorAll(".gap")) gap.remove();
    for (const [position, row] of this.made) {
      if (!wanted.has(position)) {
        row.remove();
        this.made.delete(position);
      }
    }
    // Rows that stay are not moved: one that has the focus would lose it.
    let next = this.body.firstChild;
    let expected = 0;
    for (const position of positions) {
      if (position > expected) this.body.insertBefore(this.gap(position - expected), next);
      let row = this.made.get(position);
      if (row) {
        next = row.nextSibling;
      } else {
        row = this.makeRow(position);
        this.made.set(position, row);
        this.body.insertBefore(row, next);
      }
      expected = position + 1;
    }
    if (expected < this.rows.length && !this.isPrinting) this.body.append(this.gap(this.rows.length - expected));
    if (!this.rows.length && !this.body.firstChild) this.body.append(this.empty());
    this.markTabStop();
  }

  gap(rows) {
    const row = element("tr", { class: "gap", "aria-hidden": "true" }, element("td"));
    row.style.height = `${rows * this.rowHeight}px`;
    return row;
  }

  empty() {
    return element("tr", {}, element("td", { class: "nothing", colspan: this.columns.length }, "No key matches these filters."));
  }

  makeRow(position) {
    const row = this.rows[position];
    const cells = this.columns.map(({ name, isNumber }) => {
      const [first, second] = this.content(name, row);
      const small = second === undefined ? null : element("small", { class: name === "key" ? "mono" : null }, second);
      if (name !== "key") return element("td", { class: `${name}${isNumber ? " number" : ""}`, tabindex: -1 }, first, small);
      const button = element("button", { type: "button", class: "link", tabindex: -1, "aria-haspopup": "dialog" }, first);
      return element("th", { scope: "row", class: name }, button, small);
    });
    return element("tr", { class: `key-row${keys.demand(row) ? " demanded" : ""}`, "aria-rowindex": position + 2, "data-position": position }, ...cells);
  }

  /** Return what a cell shows: a text or an element, and a small text below it. */
  content(name, row) {
    const get = (member) => keys.get(member, row);
    const named = get("account_name");
    switch (name) {
      case "key": return [keys.name(row), get("key_id")];
      case "verdict": return [badge(row), keys.demand(row) ?? (["Enabled", "PendingDeletion"].includes(get("state")) ? "" : get("state"))];
      case "idle": return [get("idle_days") === null ? "" : count(get("idle_days"))];
      case "last": return [day(get("last_used")), get("last_operation")];
      case "cost": return [keys.cost(row)];
      case "account": return named ? [named, get("account_id")] : [get("account_id")];
      default: return [get(name)];
    }
  }

  /** Return the elements of a row that take the focus, of the columns that are seen. */
  stops(position) {
    const cells = [...(this.made.get(position)?.cells ?? [])];
    return cells.filter((each) => each.getClientRects().length).map((each) => each.querySelector("button") ?? each);
  }

  markTabStop() {
    const before = this.body.querySelector("[tabindex='0']");
    const stop = this.stops(this.position)[this.column] ?? this.stops(this.made.keys().next().value)[0];
    if (before === stop) return;
    before?.setAttribute("tabindex", -1);
    stop?.setAttribute("tabindex", 0);
  }

  /** Take the cell that has the focus now as the one that Tab leads to. */
  follow(target) {
    const row = target.closest(".key-row");
    if (!row) return;
    this.position = Number(row.dataset.position);
    this.column = Math.max(this.stops(this.position).indexOf(target), 0);
    this.markTabStop();
  }

  move(event) {
    const page = Math.max(Math.floor((this.scroller.clientHeight - byId("table").tHead.offsetHeight) / this.rowHeight) - 1, 1);
    const [last, right] = [this.rows.length - 1, this.stops(this.position).length - 1];
    const { position, column } = this;
    const go = {
      ArrowDown: [position + 1, column], ArrowUp: [position - 1, column], PageDown: [position + page, column], PageUp: [position - page, column],
      ArrowRight: [position, column + 1], ArrowLeft: [position, column - 1],
      Home: [event.ctrlKey ? 0 : position, 0], End: [event.ctrlKey ? last : position, right],
    }[event.key];
    if (go && !event.altKey && !event.metaKey) {
      event.preventDefault();
      this.focus(Math.min(Math.max(go[0], 0), last), Math.min(Math.max(go[1], 0), right));
    } else if ((event.key === "Enter" || event.key === " ") && event.target.nodeName === "TD") {
      event.preventDefault();
      story.open(position);
    }
  }

  /** Move the focus to a cell, and what is seen with it. */
  focus(position, column) {
    const head = byId("table").tHead.offsetHeight;
    const top = position * this.rowHeight;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight - head) this.scroller.scrollTop = top + this.rowHeight + head - clientHeight;
    this.render();
    this.stops(position)[column]?.focus({ preventScroll: true });
  }

  print(isPrinting) {
    this.isPrinting = isPrinting;
    this.render();
  }
}

// ---- Story

/** The dialog with all that is known about one key. */
const story = {
  position: 0,

  prepare() {
    byId("close").addEventListener("click", () => byId("story").close());
    byId("previous").addEventListener("click", () => this.open(this.position - 1));
    byId("next").addEventListener("click", () => this.open(this.position + 1));
    byId("story").addEventListener("click", (event) => {
      // A click on what is beside the dialog.
      if (event.target === byId("story")) byId("story").close();
    });
    byId("story").addEventListener("close", () => table.focus(this.position, 0));
  },

  open(position) {
    this.position = position;
    const row = table.rows[position];
    byId("story-title").textContent = visible(keys.name(row));
    byId("story-place").textContent = `${count(position + 1)} of ${count(table.rows.length)}`;
    byId("previous").disabled = position === 0;
    byId("next").disabled = position === table.rows.length - 1;
    byId("copied").textContent = "";
    byId("story-body").replaceChildren(...this.parts(row));
    if (!byId("story").open) byId("story").showModal();
    byId("story").scrollTop = 0;
    byId("story-title").focus({ preventScroll: true });
  },

  *parts(row) {
    yield element("p", {}, badge(row), keys.get("state", row) ? `, ${keys.get("state", row)}` : "");
    yield* this.section("Why", this.sentences(keys.get("reasons", row)));
    yield* this.section("Refused uses", this.uses(keys.get("failed_uses", row)));
    yield* this.section("What to do", keys.get("advice", row) ? [element("p", {}, keys.get("advice", row))] : []);
    yield* this.section("Commands", this.commands(row));
    yield* this.section("Use", [this.facts(this.use(row))]);
    yield* this.section("Uses in CloudTrail", this.uses(keys.get("recent_uses", row)));
    yield* this.section("Error", [this.facts(this.error(row))]);
    yield* this.section("Key", [this.facts(this.key(row))]);
    yield* this.section("Tags", [this.facts(keys.get("tags", row) ?? [])]);
  },

  *section(title, content) {
    const parts = [...content].filter((part) => part?.hasChildNodes());
    if (parts.length) yield element("h3", {}, title);
    yield* parts;
  },

  sentences(texts) {
    return texts?.length ? [element("ul", {}, ...texts.map((text) => element("li", {}, text)))] : [];
  },

  /** Return a list of names and values, without those that are not known. */
  facts(pairs) {
    const told = pairs.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value])
      .filter(([, value]) => value != null && value !== "");
    return element("dl", {}, ...told.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  },

  use(row) {
    const user = keys.get("last_user", row) ?? {};
    return [
      ["Last use", minute(keys.get("last_used", row))],
      ["Operation", keys.get("last_operation", row)],
      ["Idle days", keys.get("idle_days", row)],
      ["Used by", user.principal_arn],
      ["Session", user.session_name],
      ["Through", user.invoked_by],
      ["From", user.source_ip],
      ["User agent", user.user_agent],
      ["Encrypted for", Object.entries(user.encryption_context ?? {}).map(([name, value]) => `${name}=${value}`)],
      ["At", minuteOf(user.event_time)],
      ["CloudTrail event", keys.get("event_id", row) ?? user.event_id],
      ["KMS request", keys.get("request_id", row)],
      ["Tracked since", minute(keys.get("tracking_start", row))],
    ];
  },

  uses(found) {
    if (!found) return [];
    return [this.facts([
      ["Number", `${found.at_least ? "at least " : ""}${count(found.count)}`],
      ["Since", minuteOf(found.since)],
      ["Last", minuteOf(found.last)],
      ["By", found.users],
    ])];
  },

  error(row) {
    const error = keys.get("error", row);
    return error ? [["Operation", error.operation], ["Code", error.code], ["Message", error.message], ["Request", error.request_id]] : [];
  },

  key(row) {
    const get = (name) => keys.get(name, row);
    const price = keys.cost(row);
    const others = get("audited_account_id") === get("account_id") ? null : get("audited_account_id");
    const plain = (...names) => names.map((name) => [name[0].toUpperCase() + name.slice(1), get(name)]);
    return [
      ["ARN", keys.arn(row)], ["Key id", get("key_id")], ["Aliases", get("aliases")], ...plain("description"),
      ["Account", keys.account(row)], ["Audited as", others], ...plain("region", "owner", "state", "manager", "spec", "usage", "origin"),
      ["Multi-Region", get("multi_region_role")], ["Its set", get("related_arns")], ["Unread regions", get("unread_regions")],
      ["Created", minute(get("created"))], ["Created by", get("created_by")], ["Deletion", minute(get("deletion_date"))], ...plain("rotations"),
      ["Cost a month", price && `${price} USD`], ["Read at", minute(get("checked_at"))], ["CloudTrail read at", minute(get("cloudtrail_checked_at"))],
    ];
  },

  *commands(row) {
    const arn = quoted(keys.arn(row));
    if (GROUPS[keys.get("verdict", row)] === "unused") {
      yield* this.command(`awskms-lite retire ${arn}`, "Look for what speaks against its retirement, and plan it. Changes nothing.");
    }
    if (keys.get("verdict", row) !== "other_account") {
      yield* this.command(`awskms-lite usage ${arn}`, "Ask KMS again about its last use.");
    }
    yield* this.command(keys.arn(row), "The key's ARN.");
  },

  *command(text, purpose) {
    const code = element("code", {}, text);
    const button = element("button", { type: "button", class: "copy", "aria-label": `Copy: ${text}` }, "Copy");
    button.addEventListener("click", () => copy(code));
    yield element("div", { class: "command" }, code, button);
    yield element("p", { class: "quiet" }, purpose);
  },
};

/** Copy an element's text; where the browser does not allow that, leave it selected for the reader to copy. */
async function copy(node) {
  const status = byId("copied");
  try {
    await navigator.clipboard.writeText(node.textContent);
    status.textContent = "Copied.";
  // Pages that are not served securely have no clipboard.
  } catch {
    getSelection().selectAllChildren(node);
    status.textContent = document.execCommand("copy") ? "Copied." : "Selected: press Ctrl+C or ⌘C to copy it.";
  }
}

// ---- Start

async function start() {
  await readData();
  await countAll();
  byId("report").hidden = false;
  byId("loading").hidden = true;
  for (const id of ["figures", "charts", "keys-title", "filters", "shown", "help", "scroller"]) byId(id).hidden = !keys.total;
  const steps = [showSummary, showUnread, showPlaces, showLimits];
  if (keys.total) steps.push(drawCharts, () => new ResizeObserver(drawCharts).observe(byId("charts")));
  steps.push(() => { table = new Table(); }, () => selection.prepare(), () => story.prepare(), () => selection.apply());
  for (const step of steps) {
    step();
    await pause();
  }
  document.documentElement.dataset.ready = "true";
  // Meanwhile, so that the first search need not wait for them.
  for (let number = 0; number < keys.total; number += 1000) {
    makeSearchTexts(Math.min(number, keys.total));
    await pause();
  }
}

const showLimits = () => byId("limits").querySelector("ul").append(...context.limits.map((text) => element("li", {}, text)));

start();
