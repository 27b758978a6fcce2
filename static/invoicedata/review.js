// The review page: values beside the pages they stand on, corrected by keyboard or by pointing.
//
// state (from the server) + draft (what the person changed) ─▶ drawn page ─▶ actions ─▶ new state
// The draft is kept in localStorage until the server has it: a lost session or a closed tab loses nothing.

const $ = (id) => document.getElementById(id);
const SURE = 0.9;
const MAIN_COLUMNS = ["description", "quantity", "unit_price", "net_amount"];
const CLAIM_EVERY = 120_000; // milliseconds
const PREVIEW_AFTER = 400;
const MOST_FINDINGS = 4; // shown at once
const POLL_AFTER = 1200; // milliseconds between looks at a document that is being read again
const CLICK_REACH = 4; // pixels that a click may tremble
const METHODS = { "text-layer": "text of the PDF", ocr: "recognised", template: "learned from corrections", "e-invoice": "e-invoice", staff: "checked by staff", pims: "practice system" };

let state = null;
let draft = null;
let undone = []; // earlier drafts, for undo
let following = null; // state of the next invoice, fetched ahead
let target = null; // the input that clicks on the page fill
let walkAll = false;
let zoom = 1;
let turned = 0;
let openedAt = 0;
let previewTimer = 0;
let busy = false;
let previous = null; // what was decided last, to be taken back: {base, name, done, version}
let picking = null; // the words chosen by keyboard: {page, list, at, from}
let moving = matchMedia("(pointer: coarse)").matches; // dragging moves the page, rather than drawing a box
let spaceHeld = false;
let typed = false; // in the field that has the focus: until then a question mark asks for help, as no value begins with one
const words = new Map(); // page number → promise of [[text, left, top, right, bottom]]

// --- An invoice ----------------------------------------------------------------------------------------------------------

function load(fresh, keep = null) {
    state = fresh;
    undone = [];
    following = null;
    target = null;
    words.clear();
    openedAt = performance.now();
    draft = keep || emptyDraft();
    draw();
    notice("");
    if (state.heldBy) return showHeld(state.heldBy);
    if (state.decided) return showDecided();
    if (keep) return;
    restoreDraft();
    claim();
    focusFirst();
    prepareNext();
    markUsable();
    if (state.rereading) watchReading();
}

/** Tells the browser's own timeline when page and form are there: bench/desk.py reads it. */
function markUsable() {
    const id = state.id;
    firstPicture().then(() => requestAnimationFrame(() => state.id === id && performance.mark("usable", { detail: id })));
}

function emptyDraft() {
    return { version: state.version, fields: {}, confirmed: [], lines: null };
}

function draw() {
    $("heading").textContent = valueOf("invoice_number") || "Without a number";
    $("about").textContent = state.about;
    for (const link of document.querySelectorAll("[data-link]")) {
        link.hidden = !state.links[link.dataset.link];
        link.href = state.links[link.dataset.link] || "";
    }
    drawPages();
    $("cut-open").hidden = state.filePages < 2;
    drawFields();
    drawLines();
    drawFindings(state.findings, {});
    drawDeliveries();
    $("skip").href = state.next || state.queue;
    lock(Boolean(state.heldBy || state.decided));
}

function lock(locked) {
    for (const control of document.querySelectorAll(".form input, .form select, .form-foot button, #add-line")) control.disabled = locked;
    $("undo").disabled = locked || !undone.length;
}

// --- The draft ------------------------------------------------------------------------------------------------------

const draftKey = () => `review:${state.user}:${state.id}`;
const isTouched = () => Object.keys(draft.fields).length || draft.confirmed.length || draft.lines !== null;
const fieldOf = (name) => state.fields.find((field) => field.name === name);
const valueOf = (name) => draft?.fields[name]?.text ?? fieldOf(name)?.value ?? "";
const linesNow = () => draft.lines || state.lines;

function remember() {
    undone.push(structuredClone(draft));
    $("undo").disabled = false;
}

function changed() {
    try {
        if (isTouched()) localStorage.setItem(draftKey(), JSON.stringify(draft));
        else localStorage.removeItem(draftKey());
    } catch {
        // Private windows may refuse: the draft then lives as long as the page.
    }
    drawSum();
    clearTimeout(previewTimer);
    previewTimer = setTimeout(preview, PREVIEW_AFTER);
}

function restoreDraft() {
    let kept = null;
    try {
        kept = JSON.parse(localStorage.getItem(draftKey()));
    } catch {
        return;
    }
    if (!kept) return;
    const isOld = kept.version !== state.version;
    draft = { ...kept, version: state.version, lines: isOld ? null : kept.lines };
    drawFields();
    drawLines();
    changed();
    notice(isOld ? "The invoice was changed since you left. Your own changes are here again: look at them before you save." : "Your unsaved changes are here again.", {
        action: "Discard them",
        perform: discard,
    });
}

function discard() {
    localStorage.removeItem(draftKey());
    draft = emptyDraft();
    draw();
    notice("");
    focusFirst();
}

function undo() {
    if (!undone.length) {
        if (previous) takeBack();
        return;
    }
    draft = undone.pop();
    const name = target?.dataset.name;
    drawFields();
    drawLines();
    changed();
    $("undo").disabled = !undone.length;
    if (name) inputOf(name)?.focus();
}

function setField(name, text, place = null) {
    const field = fieldOf(name);
    if (text === field.value && !place) delete draft.fields[name];
    else draft.fields[name] = { text, page: place?.page ?? null, box: place?.box ?? null };
    draft.confirmed = draft.confirmed.filter((other) => other !== name);
    changed();
}

function body(more = {}) {
    return {
        version: state.version,
        seconds: Math.round((performance.now() - openedAt) / 1000),
        fields: draft.fields,
        confirmed: draft.confirmed,
        lines: draft.lines,
        ...more,
    };
}

// --- The server -----------------------------------------------------------------------------------------------------

/** The cookie's, which a new sign-in in another tab renews; the page's own is then old. */
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || document.querySelector("[name=csrfmiddlewaretoken]").value;

async function ask(address, content) {
    const options = content === undefined ? {} : {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
        body: JSON.stringify(content),
    };
    let answer;
    try {
        answer = await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers } });
    } catch {
        notice("The server cannot be reached. Nothing is lost: try again in a moment.", { bad: true });
        return null;
    }
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (answer.redirected || answer.status === 403 || (answer.ok && !isJson)) {
        notice("You are signed out. Your changes are kept here.", { bad: true, action: "Sign in again", perform: () => window.open(location.href, "_blank") });
        return null;
    }
    if (!isJson) {
        notice(`The server could not do this (${answer.status}). Nothing is lost: try again.`, { bad: true });
        return null;
    }
    return answer.json();
}

const act = (action, content) => ask(`${state.base}${action}/${state.query}`, content);
const stateOf = (base) => `${base}state/${state.query}`;

async function claim(takeOver = false) {
    const id = state.id;
    const answer = await act("claim", { takeOver });
    if (!answer || state.id !== id) return;
    if (answer.error) return showHeld(answer.error.message);
    if (takeOver || (answer.version !== state.version && !busy)) await refresh();
}

async function refresh() {
    const fresh = await ask(stateOf(state.base));
    if (!fresh) return;
    const kept = { ...draft, version: fresh.version };
    load(fresh, isTouched() ? kept : null);
}

async function preview() {
    if (state.decided || !isTouched()) return drawFindings(state.findings, {});
    const id = state.id;
    const answer = await act("preview", body());
    if (answer?.ok && state.id === id) drawFindings(answer.checks, answer.errors);
}

async function decide(action, more = {}) {
    if (busy || state.decided || state.heldBy) return;
    busy = true;
    clearTimeout(previewTimer);
    try {
        const answer = await act(action, body(more));
        if (!answer) return;
        if (answer.error) return await refused(answer.error, action, more);
        localStorage.removeItem(draftKey());
        if (answer.state) {
            load(answer.state);
            notice("Saved.");
        } else {
            previous = { base: state.base, name: valueOf("invoice_number") || "The invoice", done: DONE[action], version: answer.version };
            await goOn();
            if (previous.base !== state.base && $("notice").hidden) notice(`${previous.name} ${previous.done}.`, { action: "Take back", perform: takeBack });
        }
    } finally {
        busy = false;
    }
}

const DONE = { approve: "approved", reject: "rejected", postpone: "postponed" };

/** The last decision is undone, and its invoice opened again. */
async function takeBack() {
    const { base, version, done } = previous;
    leave();
    const answer = await ask(`${base}${done === "postponed" ? "back" : "reopen"}/${state.query}`, { version });
    if (answer?.error) return notice(answer.error.message, { bad: true });
    if (!answer?.state) return;
    previous = null;
    history.pushState(null, "", base + state.query);
    load(answer.state);
}

async function refused(error, action, more) {
    if (error.code === "invalid" && error.errors) {
        drawFindings(state.findings, error.errors);
        const first = Object.keys(error.errors)[0];
        notice(error.message, { bad: true });
        inputOf(first)?.focus();
    } else if (error.code === "blocked") {
        $("blocked-list").replaceChildren(...error.messages.map((text) => make("li", { textContent: text })));
        if (await choice($("blocked")) === "accept") {
            busy = false;
            await decide(action, { ...more, accept: true });
        }
    } else if (error.code === "conflict") {
        await refresh();
        notice(error.message, { bad: true });
    } else if (error.code === "held") showHeld(error.message);
    else notice(error.message, { bad: true });
}

async function goOn() {
    const address = state.next;
    if (!address) {
        location.assign(state.queue);
        return;
    }
    const ready = (await following) || (await ask(stateOf(address)));
    if (!ready) return;
    history.pushState(null, "", address + state.query);
    load(ready);
}

/** The next invoice and its pages are fetched while this one is being read. */
function prepareNext() {
    const address = state.next;
    if (!address) return;
    const later = window.requestIdleCallback || ((run) => setTimeout(run, 300));
    later(() => {
        if (state.next !== address) return;
        following = fetch(stateOf(address), { headers: { Accept: "application/json" } })
            .then((answer) => (answer.ok && !answer.redirected ? answer.json() : null))
            .catch(() => null);
        for (const source of state.nextPages || []) new Image().src = source;
    });
}

async function rereadWith(engine, label) {
    $("more").open = false;
    const answer = await act("reread", { version: state.version, engine });
    if (!answer) return;
    if (answer.error) return notice(answer.error.message, { bad: true });
    notice(`Being read again (${label})…`);
    watchReading();
}

/** Waits for the document to be read again; what the person changed meanwhile is kept. */
async function watchReading() {
    const { id, version } = state;
    const before = new Map(state.fields.map((field) => [field.name, field.value]));
    for (;;) {
        await new Promise((resolve) => setTimeout(resolve, POLL_AFTER));
        if (state.id !== id) return;
        const fresh = await ask(stateOf(state.base));
        if (!fresh || state.id !== id) return;
        if (fresh.rereading) continue;
        const differing = fresh.fields.filter((field) => before.get(field.name) !== field.value).map((field) => field.label.toLowerCase());
        load(fresh, isTouched() ? { ...draft, version: fresh.version } : null);
        if (fresh.version === version && !differing.length) return notice("Read again: nothing came out otherwise.");
        return notice(differing.length ? `Read again: ${differing.join(", ")} came out otherwise.` : "Read again: the values are the same.");
    }
}

async function showHistory() {
    $("more").open = false;
    const answer = await ask(`${state.base}history/`);
    if (!answer) return;
    $("history-list").replaceChildren(...answer.history.map((entry) => make("li", {},
        make("time", { dateTime: entry.at, textContent: new Date(entry.at).toLocaleString() }),
        make("div", {}, make("b", { textContent: entry.what }), entry.who ? ` by ${entry.who}` : "", ...entry.details.map((text) => make("small", { textContent: text }))))));
    $("history").showModal();
}

// --- Notices --------------------------------------------------------------------------------------------------------

function notice(text, { bad = false, action = "", perform = null } = {}) {
    const place = $("notice");
    place.hidden = !text;
    place.classList.toggle("bad", bad);
    place.textContent = text;
    if (!action) return;
    const button = make("button", { type: "button", textContent: action });
    button.addEventListener("click", perform);
    place.append(" ", button);
}

function showHeld(message) {
    state.heldBy = message;
    lock(true);
    notice(message, { action: "Take over", perform: () => { state.heldBy = ""; claim(true); } });
}

function showDecided() {
    notice("This invoice is decided.", { action: "Open it again", perform: async () => {
        const answer = await act("reopen", { version: state.version });
        if (answer?.state) load(answer.state);
        else if (answer?.error) notice(answer.error.message, { bad: true });
    } });
}

function choice(dialog) {
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

// --- Fields ---------------------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
    const { dataset, ...plain } = properties;
    const element = Object.assign(document.createElement(tag), plain);
    Object.assign(element.dataset, dataset || {});
    element.append(...children);
    return element;
}

const inputOf = (name) => document.querySelector(`[data-name="${CSS.escape(name)}"]`);
const isDone = (field) => field.name in draft.fields || draft.confirmed.includes(field.name);

function drawFields() {
    const focused = document.activeElement?.dataset?.name;
    const doubtful = state.fields.filter((field) => field.doubtful);
    $("doubtful").querySelectorAll(".field").forEach((element) => element.remove());
    $("doubtful").append(...doubtful.map(drawField));
    $("doubtful").hidden = !doubtful.length;
    $("others").replaceChildren(...state.fields.filter((field) => !field.doubtful).map(drawField));
    $("walk-done").hidden = Boolean(doubtful.length);
    setWalk();
    if (focused) inputOf(focused)?.focus({ preventScroll: true });
}

function drawField(field) {
    const id = `field-${field.name}`;
    const input = field.choices.length
        ? make("select", { id, dataset: { name: field.name } }, ...field.choices.map(([value, label]) => make("option", { value, textContent: label })))
        : make("input", { id, type: "text", dataset: { name: field.name }, placeholder: field.type === "date" ? "YYYY-MM-DD" : "", inputMode: field.type === "number" ? "decimal" : "text" });
    input.value = valueOf(field.name);
    if (field.required) input.setAttribute("aria-required", "true");
    input.setAttribute("aria-describedby", `${id}-why`);
    const label = make("label", { htmlFor: id }, field.label);
    if (field.confidence !== null && field.confidence !== undefined) label.append(make("span", { className: "sure", textContent: `${Math.round(100 * field.confidence)} %` }));
    const element = make("div", { className: `field level-${levelOf(field)}` }, label, input, make("div", { className: "why", id: `${id}-why`, textContent: reason(field) }));
    if (field.recorded !== null) element.append(recorded(field));
    element.classList.toggle("done", isDone(field));
    return element;
}

function levelOf(field) {
    const told = state.findings.filter((finding) => finding.field === field.name);
    if (told.some((finding) => finding.severity === "error") || (field.required && !field.value)) return "bad";
    if (field.doubtful) return "unsure";
    return field.value ? "sure" : "none";
}

function reason(field) {
    if (field.byStaff) return "Checked by staff.";
    if (!field.value) return field.required ? "Not found on the document." : "Not found.";
    const why = [METHODS[field.method] || "no origin", ...field.evidence.slice(0, 3), ...(field.page ? [`page ${field.page}`] : [])].join(", ");
    return [why, ...field.checks.map((text) => `✓ ${text}`)].join(" · ");
}

function recorded(field) {
    const agrees = String(field.recorded) === String(valueOf(field.name));
    return make("div", { className: `recorded ${agrees ? "agrees" : "differs"}`, textContent: agrees ? "✓ as in the practice system" : `Practice system: ${field.recorded}` });
}

/** Tab walks only through what needs a look, or through everything. */
function setWalk() {
    for (const input of document.querySelectorAll("#fields input, #fields select")) {
        const field = input.dataset.name && fieldOf(input.dataset.name);
        const needs = field ? field.doubtful : input.dataset.flagged === "true";
        input.tabIndex = walkAll || needs ? 0 : -1;
    }
}

const stops = () => [...document.querySelectorAll("#fields input, #fields select")].filter((input) => input.tabIndex === 0 && !input.disabled);

function focusFirst() {
    const open = stops().find((input) => !input.dataset.name || !isDone(fieldOf(input.dataset.name)));
    (open || $("approve")).focus({ preventScroll: true });
}

function goToNext(input) {
    const all = stops();
    const position = all.indexOf(input);
    const next = all.slice(position + 1).find((other) => !other.dataset.name || !isDone(fieldOf(other.dataset.name)));
    (next || $("approve")).focus();
    next?.select?.();
}

function confirmField(input) {
    const name = input.dataset.name;
    if (name && !isDone(fieldOf(name))) {
        remember();
        draft.confirmed.push(name);
        input.closest(".field").classList.add("done");
        changed();
    }
    goToNext(input);
}

// --- Findings, sums, deliveries -------------------------------------------------------------------------------------

function drawFindings(found, errors) {
    const told = found.filter((finding) => finding.severity !== "info").map(drawFinding);
    const [first, rest] = [told.slice(0, MOST_FINDINGS), told.slice(MOST_FINDINGS)];
    $("findings").replaceChildren(...first, ...(rest.length ? [make("details", {}, make("summary", { textContent: `${rest.length} more` }), ...rest)] : []));
    document.querySelectorAll(".field .problem").forEach((element) => element.remove());
    document.querySelectorAll("[aria-invalid]").forEach((element) => element.removeAttribute("aria-invalid"));
    for (const [name, why] of Object.entries(errors)) {
        const input = inputOf(name);
        if (!input) continue;
        input.setAttribute("aria-invalid", "true");
        input.title = why;
        input.closest(".field")?.append(make("div", { className: "problem", textContent: why }));
    }
    for (const row of document.querySelectorAll("#lines tbody tr")) {
        row.classList.toggle("bad", found.some((finding) => finding.line === Number(row.dataset.row) + 1));
    }
    drawSum();
}

function drawFinding(finding) {
    const other = finding.message.match(/\((inv_\w+)\)/)?.[1];
    const button = make("button", { type: "button", className: `finding ${finding.severity}` }, make("span", { textContent: finding.message.replace(/ \((inv|dn|doc)_\w+\)/, "") }));
    if (finding.stake) button.append(make("b", { textContent: finding.stake }));
    button.addEventListener("click", () => {
        const name = finding.line ? `lines.${finding.line}.net_amount` : finding.field === "lines" ? "lines.1.description" : finding.field;
        inputOf(name)?.focus();
    });
    if (!other) return button;
    const link = make("a", { href: state.base.replace(state.id, other), target: "_blank", textContent: "Open the other" });
    return make("div", { className: "finding-row" }, button, link);
}

/** A number as people write it, in cents; null if it is none. */
function cents(text) {
    const clean = String(text).replaceAll(/[^\d.,-]/g, "");
    if (!/\d/.test(clean)) return null;
    const mark = Math.max(clean.lastIndexOf("."), clean.lastIndexOf(","));
    const isDecimal = mark >= 0 && (clean.length - mark - 1 !== 3 || (clean.match(/[.,]/g).length > 1 && clean[mark] !== clean.match(/[.,]/)[0]));
    const whole = (isDecimal ? clean.slice(0, mark) : clean).replaceAll(/[.,]/g, "");
    return Math.round(Number(`${whole}.${isDecimal ? clean.slice(mark + 1) : 0}`) * 100);
}

/** As `cents`, but with all its decimals: a price or a quantity. */
function decimal(text) {
    const clean = String(text ?? "").trim();
    if (/^-?\d+(\.\d+)?$/.test(clean)) return Number(clean);
    const found = cents(clean);
    return found === null ? null : found / 100;
}

const shown = (amount) => (amount / 100).toFixed(2);

/** What the values make, beside what is printed. */
function drawTotals() {
    const amount = (name) => cents(valueOf(name));
    const [net, tax, gross, paid, due] = ["net_total", "tax_total", "gross_total", "amount_paid", "amount_due"].map(amount);
    const before = amount("previous_balance") || 0;
    const rows = [
        ["Net total and tax", net === null || tax === null ? null : net + tax, "gross_total", gross],
        [before ? "Total, balance before, less paid" : "Total less paid", gross === null || paid === null ? null : gross + before - paid, "amount_due", due],
    ].filter(([, made, , printed]) => made !== null && printed !== null);
    $("totals").replaceChildren(...rows.map(([label, made, name, printed]) => {
        const agrees = Math.abs(made - printed) <= 1;
        const told = `${shown(made)} ${agrees ? "✓" : `≠ ${fieldOf(name).label.toLowerCase()} ${shown(printed)}`}`;
        return make("div", { className: agrees ? "agrees" : "differs" }, make("dt", { textContent: label }), make("dd", { textContent: told }));
    }));
}

/** Rows whose quantity and price do not make their amount. */
function markProducts() {
    linesNow().forEach((line, index) => {
        const input = inputOf(`lines.${index + 1}.net_amount`);
        if (!input) return;
        const [quantity, price, amount] = ["quantity", "unit_price", "net_amount"].map((name) => decimal(line.values[name]));
        const known = [quantity, price, amount].every((value) => value !== null) && !line.values.discount;
        const apart = known && Math.abs(Math.abs(quantity * price) - Math.abs(amount)) > Math.max(0.011, Math.abs(quantity) * 0.005);
        input.classList.toggle("odd", Boolean(apart));
        if (!input.hasAttribute("aria-invalid")) input.title = apart ? `${quantity} × ${price} = ${(quantity * price).toFixed(2)}` : "";
    });
}

function drawSum() {
    drawTotals();
    markProducts();
    const place = $("sum");
    const amounts = linesNow().map((line) => cents(line.values.net_amount)).filter((amount) => amount !== null);
    const totals = ["net_total", "gross_total"].map((name) => [fieldOf(name).label.toLowerCase(), cents(valueOf(name))]).filter(([, amount]) => amount !== null);
    place.className = "quiet";
    if (!amounts.length) {
        place.textContent = "";
        return;
    }
    const sum = amounts.reduce((all, amount) => all + amount, 0);
    if (!totals.length) {
        place.textContent = `make ${shown(sum)}`;
        return;
    }
    const [label, nearest] = totals.reduce((best, entry) => (Math.abs(entry[1] - sum) < Math.abs(best[1] - sum) ? entry : best));
    const apart = sum - nearest;
    place.className = Math.abs(apart) <= amounts.length ? "agrees" : "differs";
    place.textContent = place.className === "agrees" ? `make ${shown(sum)}, the ${label} ✓` : `make ${shown(sum)}: ${shown(Math.abs(apart))} ${apart > 0 ? "more" : "less"} than the ${label} ${shown(nearest)}`;
}

function drawDeliveries() {
    const parts = state.deliveries.map(drawDelivery);
    if (state.candidates.length) parts.push(drawCandidates());
    $("deliveries").replaceChildren(...parts);
}

function drawDelivery(delivery) {
    const sure = delivery.status === "confirmed" ? (delivery.byStaff ? "confirmed by staff" : "confirmed") : `${delivery.status}, ${Math.round(100 * delivery.score)} %`;
    const agreeing = Math.max(delivery.lines - delivery.differences.length, 0);
    const rows = delivery.differences.map((row) => make("tr", {},
        make("td", { textContent: row.item }),
        make("td", { className: "number", textContent: row.invoiced }),
        make("td", { className: "number differs", textContent: row.delivered })));
    const head = make("thead", {}, make("tr", {}, ...["Differs", "Invoiced", "Delivered"].map((text, at) => make("th", { scope: "col", className: at ? "number" : "", textContent: text }))));
    const table = rows.length ? [make("div", { className: "scroll", tabIndex: 0 }, make("table", {}, head, make("tbody", {}, ...rows)))] : [];
    const told = rows.length ? (agreeing ? `${agreeing} other lines agree.` : "") : "All quantities agree.";
    const buttons = make("div", { className: "delivery-tools" });
    if (delivery.status !== "confirmed" || !delivery.byStaff) buttons.append(pairButton("They belong together", delivery.note, "confirmed"));
    buttons.append(pairButton("They do not", delivery.note, "rejected"));
    const look = make("button", { type: "button", className: "plain", textContent: "Show its page" });
    look.addEventListener("click", () => showNote(delivery));
    buttons.append(look);
    return make("section", { className: "delivery" }, make("h2", {}, `Delivery note ${delivery.number} `, make("small", { textContent: `${sure}: ${delivery.reasons.join(", ")}` })), ...table, make("p", { className: "quiet", textContent: told }), buttons);
}

function pairButton(label, note, status) {
    const button = make("button", { type: "button", className: "plain", textContent: label });
    button.addEventListener("click", () => pair(note, status));
    return button;
}

function drawCandidates() {
    const select = make("select", { id: "candidate" }, ...state.candidates.map((note) => make("option", { value: note.note, textContent: note.label })));
    const button = make("button", { type: "button", className: "plain", textContent: "Add it" });
    button.addEventListener("click", () => pair(select.value, "confirmed"));
    return make("div", { className: "candidates" }, make("label", { htmlFor: "candidate", textContent: "Another delivery note of the supplier" }), select, button);
}

async function pair(note, status) {
    const answer = await act("pair", { version: state.version, note, status });
    if (!answer) return;
    if (answer.error) return answer.error.code === "conflict" ? refresh() : notice(answer.error.message, { bad: true });
    load(answer.state, isTouched() ? { ...draft, version: answer.state.version } : null);
    notice(status === "confirmed" ? "The delivery note belongs to this invoice." : "The delivery note does not belong to this invoice.");
}

/** The note's pages, below the invoice's own. */
function showNote(delivery) {
    const known = document.querySelector(`[data-note="${CSS.escape(delivery.note)}"]`);
    const pages = known ? [] : delivery.pages.map(([id, number]) => make("figure", { className: "note-page", dataset: { note: delivery.note } },
        make("figcaption", { textContent: `Delivery note ${delivery.number}, page ${number}` }),
        make("img", { alt: `Page ${number} of the delivery note`, src: state.picture.replace("DOCUMENT", id).replace("/0/", `/${number}/`) })));
    $("sheet").append(...pages);
    (known || pages[0])?.scrollIntoView();
}

// --- Lines ----------------------------------------------------------------------------------------------------------

function drawLines() {
    const rows = linesNow();
    const columns = state.columns.filter((column) => walkAll || MAIN_COLUMNS.includes(column.name) || rows.some((line) => line.values[column.name]));
    $("lines").tHead.replaceChildren(make("tr", {}, ...columns.map((column) => make("th", { scope: "col", textContent: column.label })), make("th", { scope: "col" }, make("span", { className: "visually-hidden", textContent: "Change the row" }))));
    $("lines").tBodies[0].replaceChildren(...rows.map((line, index) => drawLine(line, index, columns)));
    setWalk();
    drawSum();
    const box = $("lines-box");
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // to be scrolled by keyboard
    else box.removeAttribute("tabindex");
}

function drawLine(line, index, columns) {
    const told = state.findings.some((finding) => finding.line === index + 1);
    const cells = columns.map((column) => {
        const input = make("input", { type: "text", value: line.values[column.name] || "", dataset: { name: `lines.${index + 1}.${column.name}`, row: index, column: column.name, flagged: told && column.name === "net_amount" } });
        input.setAttribute("aria-label", `${column.label} of line ${index + 1}`);
        return make("td", { className: `column-${column.name}${column.type === "number" ? " number" : ""}` }, input);
    });
    const tools = [["split", "⊕", "Copy this line below"], ["merge", "⤴", "Merge into the line above"], ["remove", "×", "Remove this line"]]
        .filter(([name]) => name !== "merge" || index > 0)
        .map(([name, sign, label]) => {
            const button = make("button", { type: "button", textContent: sign, title: label, tabIndex: -1, dataset: { tool: name, row: index } });
            button.setAttribute("aria-label", `${label} (${index + 1})`);
            return button;
        });
    const row = make("tr", { dataset: { row: index } }, ...cells, make("td", { className: "tools" }, ...tools));
    row.classList.toggle("unsure", Boolean(line.id) && line.confidence < SURE);
    row.classList.toggle("bad", told);
    return row;
}

function ownLines() {
    if (draft.lines === null) draft.lines = structuredClone(state.lines);
    return draft.lines;
}

const emptyLine = () => ({ id: 0, values: Object.fromEntries(state.columns.map((column) => [column.name, ""])), confidence: 1, page: null, box: null });

function changeLines(change, focus) {
    remember();
    change(ownLines());
    drawLines();
    changed();
    inputOf(focus)?.focus();
}

const LINE_TOOLS = {
    split: (lines, row) => lines.splice(row + 1, 0, { ...structuredClone(lines[row]), id: 0 }),
    remove: (lines, row) => lines.splice(row, 1),
    merge: (lines, row) => {
        const [line] = lines.splice(row, 1);
        const into = lines[row - 1].values;
        into.description = `${into.description} ${line.values.description}`.trim();
        for (const name of ["quantity", "unit_price", "sku", "unit", "category", "discount", "tax_rate"]) into[name] ||= line.values[name];
        const [one, other] = [cents(into.net_amount), cents(line.values.net_amount)];
        if (other !== null) into.net_amount = shown((one || 0) + other);
    },
};

function pasteRows(event, input) {
    const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
    if (!/[\t\n]/.test(text)) return;
    event.preventDefault();
    const names = state.columns.map((column) => column.name);
    const first = names.indexOf(input.dataset.column);
    changeLines((lines) => text.split(/\r?\n/).forEach((row, down) => {
        const index = Number(input.dataset.row) + down;
        while (lines.length <= index) lines.push(emptyLine());
        row.split("\t").forEach((cell, across) => {
            if (names[first + across]) lines[index].values[names[first + across]] = cell.trim();
        });
    }), input.dataset.name);
}

// --- Pages ----------------------------------------------------------------------------------------------------------

function drawPages() {
    turned = 0;
    const source = (page) => `${state.pageUrl}${page.number}/`;
    $("sheet").replaceChildren(...state.pages.map((page, index) => {
        const picture = make("img", { alt: `Page ${page.number}`, draggable: false, ...(index ? { loading: "lazy", dataset: { src: source(page) } } : { src: source(page) }) });
        return make("div", { className: "holder" }, make("div", { className: "page", dataset: { page: page.number } }, picture, ...marksOn(page.number)));
    }));
    $("thumbs").replaceChildren(...(state.pages.length > 1 ? state.pages : []).map((page) => {
        const picture = make("img", { alt: "", loading: "lazy", dataset: { src: `${source(page)}?small` } });
        const button = make("button", { type: "button", dataset: { page: page.number } }, picture, make("span", { textContent: page.number }));
        button.setAttribute("aria-label", `Page ${page.number}`);
        return button;
    }));
    size();
    document.querySelectorAll(".page").forEach((page) => inSight.observe(page));
    firstPicture().then(() => document.querySelectorAll("#desk img[data-src]").forEach((picture) => { picture.src = picture.dataset.src; }));
}

/** Drawn, or known not to come: what else the page shows waits for it. */
function firstPicture() {
    const picture = document.querySelector(".page img");
    return picture ? picture.decode().catch(() => null) : Promise.resolve();
}

// --- The file's pages, split and joined ------------------------------------------------------------------------------------

async function openCutting() {
    if (state.filePages < 2 || state.heldBy || state.decided) return;
    const begins = state.parts.map((part) => part.first);
    const numbers = Array.from({ length: state.filePages }, (_, at) => at + 1);
    $("cut-pages").replaceChildren(...numbers.map((number) => drawCutPage(number, begins.includes(number))));
    tellCuts();
    const answer = choice($("cut"));
    $("cut-pages").querySelector(`[data-begins="${Math.max(...state.pages.map((page) => page.number), 2)}"]`)?.focus();
    if (await answer === "cut") cutBefore(cutsChosen());
}

function drawCutPage(number, isFirst) {
    const own = state.pages.some((page) => page.number === number);
    const button = make("button", { type: "button", className: "cut-mark", dataset: { begins: number }, disabled: number === 1 });
    button.setAttribute("aria-pressed", String(isFirst));
    button.setAttribute("aria-label", `A document begins on page ${number}`);
    button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        tellCuts();
    });
    const kind = state.parts.find((part) => part.first === number)?.kind;
    const picture = make("img", { alt: "", loading: "lazy", src: `${state.pageUrl}${number}/?small` });
    return make("li", { className: own ? "own" : "" }, button, picture, make("span", { textContent: kind ? `${number} · ${kind}` : number }));
}

const cutsChosen = () => [...document.querySelectorAll(".cut-mark[aria-pressed=true]")].map((button) => Number(button.dataset.begins));

function tellCuts() {
    const begins = cutsChosen();
    const runs = begins.map((first, at) => [first, (begins[at + 1] || state.filePages + 1) - 1]);
    const shownRuns = runs.map(([first, last]) => (first === last ? `page ${first}` : `pages ${first}-${last}`)).join(", ");
    $("cut-told").textContent = `${runs.length === 1 ? "One document" : `${runs.length} documents`}: ${shownRuns}`;
}

/** Cuts the file where documents begin, and goes to what this page is of now. */
async function cutBefore(begins, isUndo = false) {
    notice("Being cut…");
    const answer = await act("cut", { version: state.version, begins });
    if (!answer) return;
    if (answer.error) return notice(answer.error.message, { bad: true });
    if (!answer.address) return location.assign(state.queue);
    const fresh = await ask(stateOf(answer.address));
    if (!fresh) return;
    history.replaceState(null, "", answer.address + state.query);
    load(fresh);
    notice(isUndo ? "The file is cut as before." : "The file is cut so, and stays so when it is read again.", isUndo ? {} : { action: "Take back", perform: () => cutBefore(answer.before, true) });
}

function walkCuts(event) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const marks = [...document.querySelectorAll(".cut-mark:enabled")];
    marks[Math.min(Math.max(marks.indexOf(document.activeElement) + step, 0), marks.length - 1)]?.focus();
}

/** Which page is in sight is told in the row of small ones. */
const inSight = new IntersectionObserver((entries) => {
    for (const { target: page, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        document.querySelectorAll("#thumbs button").forEach((button) => button.setAttribute("aria-current", String(button.dataset.page === page.dataset.page)));
        const button = document.querySelector(`#thumbs button[data-page="${page.dataset.page}"]`);
        if (button) $("thumbs").scrollLeft = button.offsetLeft - $("thumbs").clientWidth / 2;
    }
}, { rootMargin: "-45% 0px -45% 0px" });

function marksOn(number) {
    const fields = state.fields.filter((field) => field.box && field.page === number).map((field) => mark(field.box, field.name, field.label, field.doubtful));
    const lines = state.lines.flatMap((line, index) => (line.box && line.page === number ? [mark(line.box, `lines.${index + 1}.description`, `Line ${index + 1}`, line.confidence < SURE)] : []));
    return [...lines, ...fields];
}

function mark(box, name, label, isUnsure) {
    const button = make("button", { type: "button", className: `mark ${isUnsure ? "unsure" : "sure"}`, title: label, tabIndex: -1, dataset: { mark: name } });
    button.setAttribute("aria-label", `${label} on the page`);
    place(button, box);
    return button;
}

function place(element, [left, top, right, bottom]) {
    Object.assign(element.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` });
}

function size() {
    const room = Math.max($("sheet").clientWidth - 28, 200);
    const isAside = turned % 180 !== 0;
    for (const page of state.pages) {
        const element = document.querySelector(`.page[data-page="${page.number}"]`);
        const ratio = page.height && page.width ? page.height / page.width : Math.SQRT2;
        const width = (isAside ? room / ratio : room) * zoom;
        const height = width * ratio;
        Object.assign(element.style, { width: `${width}px`, height: `${height}px`, margin: isAside ? "0" : "0 auto 14px", transformOrigin: "0 0", transform: turning(width, height) });
        Object.assign(element.parentElement.style, { width: isAside ? `${height}px` : "auto", height: isAside ? `${width}px` : "auto", margin: isAside ? "0 auto 14px" : "0" });
    }
}

function turning(width, height) {
    if (turned === 90) return `translate(${height}px, 0) rotate(90deg)`;
    if (turned === 180) return `translate(${width}px, ${height}px) rotate(180deg)`;
    return turned === 270 ? `translate(0, ${width}px) rotate(270deg)` : "none";
}

function show(name) {
    document.querySelectorAll(".mark.current").forEach((element) => element.classList.remove("current"));
    const line = name.startsWith("lines.") ? name.replace(/\.[^.]*$/, ".description") : name;
    const marked = document.querySelector(`[data-mark="${CSS.escape(line)}"]`);
    if (!marked) return;
    marked.classList.add("current");
    const [sheet, box] = [$("sheet").getBoundingClientRect(), marked.getBoundingClientRect()];
    if (box.top < sheet.top + 40 || box.bottom > sheet.bottom - 40) $("sheet").scrollBy(0, box.top - sheet.top - sheet.height / 3);
    if (box.left < sheet.left || box.right > sheet.right) $("sheet").scrollBy(box.left - sheet.left - sheet.width / 3, 0);
}

function wordsOf(number) {
    if (!words.has(number)) words.set(number, ask(`${state.base}words/${number}/`).then((found) => found?.words || []));
    return words.get(number);
}

const wordAt = (list, x, y) => list.find(([, left, top, right, bottom]) => left <= x && x <= right && top <= y && y <= bottom);

function point(event, page) {
    const [left, top] = event.target === page ? [0, 0] : [event.target.offsetLeft, event.target.offsetTop]; // of a mark
    return [(event.offsetX + left) / page.clientWidth, (event.offsetY + top) / page.clientHeight].map((side) => Math.min(Math.max(side, 0), 1));
}

function startDrawing(event) {
    const page = event.target.closest(".page");
    const isDragged = event.button === 1 || spaceHeld || (moving && event.pointerType !== "touch");
    if (isDragged && page) return startMoving(event);
    if (!page || event.button !== 0) return;
    event.preventDefault(); // the field keeps the focus
    const marked = event.target.closest(".mark");
    const number = Number(page.dataset.page);
    const [startX, startY] = point(event, page);
    const drawn = make("div", { className: "drawn" });
    let box = null;
    page.setPointerCapture(event.pointerId);
    const move = (moved) => {
        if (Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY) < CLICK_REACH) return;
        const [x, y] = point(moved, page);
        box = [Math.min(startX, x), Math.min(startY, y), Math.max(startX, x), Math.max(startY, y)];
        place(drawn, box);
        page.append(drawn);
    };
    const end = new AbortController();
    const stop = async () => {
        end.abort();
        if (!box && marked) inputOf(marked.dataset.mark)?.focus();
        else await (box ? takeRegion(number, box) : takeWord(number, startX, startY));
        drawn.remove();
    };
    page.addEventListener("pointermove", move, { signal: end.signal });
    page.addEventListener("pointerup", stop, { signal: end.signal });
    page.addEventListener("pointercancel", () => { end.abort(); drawn.remove(); }, { signal: end.signal }); // the browser took the touch to scroll
}

function startMoving(event) {
    event.preventDefault();
    const sheet = $("sheet");
    const [left, top] = [sheet.scrollLeft + event.clientX, sheet.scrollTop + event.clientY];
    const end = new AbortController();
    sheet.setPointerCapture(event.pointerId);
    sheet.addEventListener("pointermove", (moved) => sheet.scrollTo({ left: left - moved.clientX, top: top - moved.clientY, behavior: "instant" }), { signal: end.signal });
    for (const name of ["pointerup", "pointercancel"]) sheet.addEventListener(name, () => end.abort(), { signal: end.signal });
}

function setMoving(value) {
    moving = value;
    $("move").setAttribute("aria-pressed", String(moving));
    $("sheet").classList.toggle("moving", moving);
}

// --- Words by keyboard ----------------------------------------------------------------------------------------------

/** A box goes from word to word by arrow keys, starting where the field's value stands. */
async function startPicking() {
    if (!target) return notice("Choose the field first that the text belongs to.");
    const field = fieldOf(target.dataset.name);
    const own = field?.page || Number(document.querySelector("#thumbs [aria-current=true]")?.dataset.page) || state.pages[0]?.number;
    const list = await wordsOf(own);
    if (!list.length) return notice("No words were recognised on this page: draw a box with the mouse.");
    const at = nearestWord(list, field?.box && field.page === own ? field.box : [0, 0, 0, 0]);
    picking = { page: own, list, from: at, at };
    $("sheet").focus({ preventScroll: true });
    drawPicked();
}

const middle = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];
const boxOf = (word) => word.slice(1);

function nearestWord(list, box) {
    const [x, y] = middle(box);
    const away = (word) => { const [a, b] = middle(boxOf(word)); return Math.hypot(a - x, (b - y) * 2); };
    return list.reduce((best, word, at) => (away(word) < away(list[best]) ? at : best), 0);
}

/** The nearest word in a direction; words of the same row come before others when going sideways. */
function wordBeside({ list, at }, [right, down]) {
    const [x, y] = middle(boxOf(list[at]));
    const scored = list.map((word, index) => {
        const [a, b] = middle(boxOf(word));
        const [ahead, aside] = right ? [(a - x) * right, Math.abs(b - y) * 6] : [(b - y) * down, Math.abs(a - x)];
        return { index, ahead, cost: ahead + aside };
    }).filter(({ index, ahead }) => index !== at && ahead > 0.004);
    return scored.length ? scored.reduce((best, entry) => (entry.cost < best.cost ? entry : best)).index : at;
}

function pickedBox() {
    const boxes = [picking.from, picking.at].map((at) => boxOf(picking.list[at]));
    return [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...boxes.map((box) => box[side])));
}

function drawPicked() {
    document.querySelector(".drawn.by-keys")?.remove();
    $("picked").hidden = !picking;
    if (!picking) return;
    const box = pickedBox();
    const drawn = make("div", { className: "drawn by-keys" });
    place(drawn, box);
    document.querySelector(`.page[data-page="${picking.page}"]`).append(drawn);
    drawn.scrollIntoView({ block: "nearest", inline: "nearest" });
    const inside = picking.list.filter((word) => { const [x, y] = middle(boxOf(word)); return box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3]; });
    $("picked").textContent = `${inside.map((word) => word[0]).join(" ")}: Enter takes it, Shift and arrows make the box larger, Escape leaves`;
}

async function pickByKey(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (step) {
        picking.at = wordBeside(picking, step);
        if (!event.shiftKey) picking.from = picking.at;
        return drawPicked();
    }
    const { page, list, at, from } = picking;
    const box = pickedBox();
    stopPicking();
    if (event.key === "Escape") return inputOf(target.dataset.name)?.focus();
    if (at === from) fill(list[at][0], { page, box });
    else await takeRegion(page, box);
}

function stopPicking() {
    picking = null;
    drawPicked();
}

async function takeRegion(number, box) {
    if (!target) return notice("Choose the field first that the text belongs to.");
    const answer = await ask(`${state.base}region/`, { page: number, box });
    if (!answer) return;
    if (answer.text) fill(answer.text, { page: number, box });
    else notice("No text could be made out there.");
}

async function takeWord(number, x, y) {
    const found = wordAt(await wordsOf(number), x, y);
    if (!found) return;
    if (!target) return notice("Choose the field first that the text belongs to.");
    fill(found[0], { page: number, box: found.slice(1) });
}

function fill(text, position) {
    notice("");
    remember();
    const input = inputOf(target.dataset.name);
    if (!input) return;
    input.value = text;
    take(input, position);
    input.focus({ preventScroll: true });
    showTaken(position);
}

function showTaken(position) {
    const page = document.querySelector(`.page[data-page="${position.page}"]`);
    const shine = make("div", { className: "word" });
    place(shine, position.box);
    page.append(shine);
    setTimeout(() => shine.remove(), 1200);
}

/** What stands in an input becomes part of the draft. */
function take(input, position = null) {
    const { name, row, column } = input.dataset;
    if (row !== undefined) {
        ownLines()[Number(row)].values[column] = input.value;
        changed();
    } else {
        setField(name, input.value, position);
        input.closest(".field").classList.toggle("done", isDone(fieldOf(name)));
    }
}

// --- Wiring ---------------------------------------------------------------------------------------------------------

function wire() {
    const form = $("fields");
    let before = null;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("focusin", (event) => {
        if (!event.target.dataset.name) return;
        target = event.target;
        before = structuredClone(draft);
        typed = false;
        show(event.target.dataset.name);
    });
    form.addEventListener("input", (event) => {
        if (!event.target.dataset.name) return;
        typed = true;
        if (before) {
            undone.push(before);
            before = null;
            $("undo").disabled = false;
        }
        take(event.target);
    });
    form.addEventListener("keydown", (event) => {
        const input = event.target;
        if (!input.dataset.name) return;
        if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            confirmField(input);
        }
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (step && input.dataset.row !== undefined) {
            event.preventDefault();
            inputOf(`lines.${Number(input.dataset.row) + 1 + step}.${input.dataset.column}`)?.focus();
        }
    });
    form.addEventListener("paste", (event) => event.target.dataset.row !== undefined && pasteRows(event, event.target));
    form.addEventListener("click", (event) => {
        const button = event.target.closest("[data-tool]");
        if (!button || state.heldBy || state.decided) return;
        const row = Number(button.dataset.row);
        changeLines((lines) => LINE_TOOLS[button.dataset.tool](lines, row), `lines.${row + (button.dataset.tool === "split" ? 2 : 1)}.description`);
    });
    const changeRow = (tool) => {
        const row = Number(document.activeElement?.dataset.row ?? -1);
        if (row < 0 || (tool === "merge" && row === 0) || state.heldBy || state.decided) return;
        const shown = { split: row + 2, merge: row, remove: Math.max(Math.min(row + 1, linesNow().length - 1), 1) }[tool];
        changeLines((lines) => LINE_TOOLS[tool](lines, row), `lines.${shown}.${document.activeElement.dataset.column}`);
    };
    $("add-line").addEventListener("click", () => changeLines((lines) => lines.push(emptyLine()), `lines.${linesNow().length + 1}.description`));

    $("sheet").addEventListener("pointerdown", startDrawing);
    $("sheet").addEventListener("keydown", (event) => picking && pickByKey(event));
    $("sheet").addEventListener("blur", () => picking && stopPicking());
    $("sheet").addEventListener("wheel", (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        enlarge(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
    $("sheet").addEventListener("pointerover", (event) => {
        const page = event.target.closest(".page");
        if (page) wordsOf(Number(page.dataset.page));
    });
    $("sheet").addEventListener("click", (event) => {
        const marked = event.target.closest(".mark");
        if (marked) inputOf(marked.dataset.mark)?.focus();
    });
    $("thumbs").addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button) document.querySelector(`.page[data-page="${button.dataset.page}"]`).scrollIntoView();
    });
    const enlarge = (factor) => { zoom = factor ? Math.min(Math.max(zoom * factor, 0.4), 5) : 1; size(); };
    const turn = () => { turned = (turned + 90) % 360; size(); };
    $("zoom-in").addEventListener("click", () => enlarge(1.25));
    $("zoom-out").addEventListener("click", () => enlarge(0.8));
    $("zoom-fit").addEventListener("click", () => enlarge(0));
    $("rotate").addEventListener("click", turn);
    window.addEventListener("resize", size);

    const approve = () => decide("approve");
    const rejectIt = async () => {
        $("reason").value = "";
        const told = await choice($("reject-dialog"));
        if (told === "reject") decide("reject", { reason: $("reason").value });
    };
    const walk = () => { walkAll = !walkAll; drawLines(); notice(walkAll ? "Tab walks through all fields." : "Tab walks through what needs a look."); };
    $("approve").addEventListener("click", approve);
    $("save").addEventListener("click", () => decide("save"));
    const postponeIt = async () => {
        const wait = await choice($("postpone-dialog"));
        if (wait) decide("postpone", { for: wait });
    };
    $("postpone").addEventListener("click", postponeIt);
    $("pick").addEventListener("click", startPicking);
    $("move").addEventListener("click", () => setMoving(!moving));
    setMoving(moving);
    $("history-open").addEventListener("click", showHistory);
    $("more").addEventListener("click", (event) => {
        const button = event.target.closest("[data-engine]");
        if (button) rereadWith(button.dataset.engine, button.textContent);
    });
    $("reject").addEventListener("click", rejectIt);
    $("cut-open").addEventListener("click", openCutting);
    $("cut-pages").addEventListener("keydown", walkCuts);
    $("undo").addEventListener("click", undo);
    $("help-open").addEventListener("click", () => $("help").showModal());
    $("skip").addEventListener("click", (event) => { if (state.next) { event.preventDefault(); leave(); goOn(); } });

    const withAlt = { KeyA: walk, KeyR: rejectIt, KeyS: openCutting, KeyP: () => $("postpone").click(), KeyW: startPicking, KeyI: () => changeRow("split"), KeyM: () => changeRow("merge"), Delete: () => changeRow("remove"), KeyN: () => $("skip").click(), KeyZ: undo, KeyT: turn, Digit0: () => enlarge(0), Minus: () => enlarge(0.8), Equal: () => enlarge(1.25), NumpadAdd: () => enlarge(1.25), NumpadSubtract: () => enlarge(0.8) };
    document.addEventListener("keydown", (event) => {
        if (document.querySelector("dialog[open]")) return;
        const control = event.ctrlKey || event.metaKey;
        const perform = control && event.key === "Enter" ? approve : control && event.key.toLowerCase() === "s" ? () => decide("save") : event.altKey && !control ? withAlt[event.code] : null;
        const isTyping = event.target.matches("input, textarea, select");
        if (perform) {
            event.preventDefault();
            perform();
        } else if (event.key === "?" && (!isTyping || !typed)) {
            event.preventDefault();
            $("help").showModal();
        } else if (event.key === " " && (event.target === $("sheet") || event.target === document.body)) {
            event.preventDefault();
            spaceHeld = true;
        }
    });
    document.addEventListener("keyup", (event) => { if (event.key === " ") spaceHeld = false; });
    document.addEventListener("pointerdown", (event) => { if (!event.target.closest("#more")) $("more").open = false; });
    window.addEventListener("popstate", () => location.reload());
    window.addEventListener("pagehide", leave);
}

/** Lets go of the invoice, so that others need not wait for the lock to end. */
function leave() {
    if (state.heldBy || state.decided) return;
    fetch(`${state.base}release/`, {
        method: "POST",
        keepalive: true,
        headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
        body: "{}",
    }).catch(() => null);
}

wire();
load(JSON.parse($("state").textContent));
setInterval(() => document.visibilityState === "visible" && !state.decided && !state.heldBy && claim(), CLAIM_EVERY);
