// The dashboard's charts (Chart.js), in the colours of the theme; each has its numbers in a table beside it.
"use strict";

const TONES = { processed: "#1b8a5a", matched: "#0f766e", scanned: "#4077a8", flagged: "#c77700", error: "#c0271b", pending: "#8a9a98" };
const charts = [];

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const percent = (value) => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(value < 0.995 && value > 0 ? 1 : 0)} %`);
const whole = (value) => `${Math.round(100 * value)} %`;
const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

function colours() {
    Chart.defaults.color = variable("--body-quiet-color");
    Chart.defaults.borderColor = variable("--hairline-color");
    Chart.defaults.font.family = variable("--font-family-primary");
    Chart.defaults.animation = false;
    Chart.defaults.maintainAspectRatio = false;
}

function chart(id, options) {
    const canvas = typeof id === "string" ? document.getElementById(id) : id;
    if (canvas) charts.push(new Chart(canvas, options));
}

function drawStatuses({ days, statuses }) {
    chart("statuses", {
        type: "bar",
        data: { labels: days, datasets: statuses.map((status) => ({ label: status.label, data: status.counts, backgroundColor: TONES[status.status], maxBarThickness: 28 })) },
        options: { scales: { x: { stacked: true, grid: { display: false }, ticks: { maxTicksLimit: 8, maxRotation: 0 } }, y: { stacked: true, ticks: { precision: 0 } } } },
    });
    fillTable("statuses-table", ["Day", ...statuses.map((status) => status.label)], days.map((day, at) => [day, ...statuses.map((status) => status.counts[at])]));
}

function drawReviews({ days, straight, reviews }) {
    chart("reviews", {
        data: {
            labels: days,
            datasets: [
                { type: "line", label: "Straight through", data: straight.shares, yAxisID: "share", borderColor: "#1b8a5a", backgroundColor: "#1b8a5a", spanGaps: true },
                { type: "bar", label: "Seconds a review", data: reviews.medians, yAxisID: "seconds", backgroundColor: "#4077a8", maxBarThickness: 20 },
            ],
        },
        options: {
            scales: {
                x: { grid: { display: false }, ticks: { maxTicksLimit: 8, maxRotation: 0 } },
                share: { min: 0, max: 1, ticks: { callback: whole } },
                seconds: { position: "right", beginAtZero: true, grid: { display: false }, title: { display: true, text: "seconds" } },
            },
            plugins: { tooltip: { callbacks: { label: ({ dataset, raw }) => `${dataset.label}: ${dataset.yAxisID === "share" ? percent(raw) : `${raw} s`}` } } },
        },
    });
    fillTable("reviews-table", ["Day", "Straight through", "Seconds a review"], days.map((day, at) => [day, percent(straight.shares[at]), reviews.medians[at] ?? "–"]));
}

function drawAccuracy({ accuracy }) {
    chart("accuracy", {
        type: "bar",
        data: { labels: accuracy.map((row) => words(row.field)), datasets: [{ data: accuracy.map((row) => row.share), backgroundColor: accuracy.map((row) => (row.share < 0.9 ? "#c77700" : "#0f766e")), maxBarThickness: 16 }] },
        options: {
            indexAxis: "y",
            scales: { x: { min: 0, max: 1, ticks: { callback: whole } }, y: { grid: { display: false }, ticks: { autoSkip: false } } },
            plugins: { legend: { display: false }, tooltip: { callbacks: { label: ({ dataIndex }) => `${percent(accuracy[dataIndex].share)}: ${accuracy[dataIndex].corrected} of ${accuracy[dataIndex].values} corrected` } } },
        },
    });
}

function drawReliability(canvas) {
    const points = JSON.parse(canvas.dataset.curve);
    const line = (label, x, colour) => ({ label, data: points.map((point) => ({ x: point[x], y: point.right, values: point.values })), borderColor: colour, backgroundColor: colour, showLine: true, pointRadius: 4, clip: false });
    chart(canvas, {
        type: "scatter",
        data: {
            datasets: [
                line("As read", "told", "#c77700"),
                line("Recalibrated", "mended", "#0f766e"),
                { label: "As it should be", data: [{ x: 0, y: 0 }, { x: 1, y: 1 }], borderColor: variable("--border-color"), showLine: true, pointRadius: 0, borderDash: [5, 4] },
            ],
        },
        options: {
            scales: { x: { min: 0, max: 1, ticks: { callback: whole }, title: { display: true, text: "confidence" } }, y: { min: 0, max: 1, ticks: { callback: whole }, title: { display: true, text: "right" } } },
            plugins: { tooltip: { callbacks: { label: ({ raw }) => `${percent(raw.x)} told, ${percent(raw.y)} right${raw.values ? `, ${raw.values} values` : ""}` } } },
        },
    });
}

function fillTable(id, heads, rows) {
    const table = document.getElementById(id);
    const cell = (text, at, tag = at ? "td" : "th") => Object.assign(document.createElement(tag), { textContent: text, className: at ? "number" : "", scope: tag === "th" ? (at ? "col" : "row") : undefined });
    const row = (values, tag) => {
        const element = document.createElement("tr");
        element.append(...values.map((value, at) => cell(value, at, tag)));
        return element;
    };
    const [head, body] = [document.createElement("thead"), document.createElement("tbody")];
    head.append(row(heads, "th"));
    body.append(...rows.map((values) => row(values)));
    table.replaceChildren(head, body);
}

function draw() {
    charts.splice(0).forEach((known) => known.destroy());
    colours();
    const told = document.getElementById("figures");
    if (told) {
        const figures = JSON.parse(told.textContent);
        drawStatuses(figures);
        drawReviews(figures);
        drawAccuracy(figures);
    }
    document.querySelectorAll(".reliability").forEach(drawReliability);
}

document.addEventListener("DOMContentLoaded", () => {
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
});
