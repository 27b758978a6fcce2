// The operations page's charts (Chart.js), in the colours of the theme; its tables have the numbers. It reloads itself.
"use strict";

const RELOAD_SECONDS = 60;
const GOOD = "#1b8a5a", BAD = "#c0271b";
const charts = [];

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function bars(id, labels, good, bad) {
    const set = (label, data, backgroundColor) => ({ label, data, backgroundColor, maxBarThickness: 24 });
    charts.push(new Chart(document.getElementById(id), {
        type: "bar",
        data: { labels, datasets: [set(good.label, good.counts, GOOD), set(bad.label, bad.counts, BAD)] },
        options: { scales: { x: { stacked: true, grid: { display: false }, ticks: { maxTicksLimit: 8, maxRotation: 0 } }, y: { stacked: true, beginAtZero: true, ticks: { precision: 0 } } } },
    }));
}

function draw() {
    charts.splice(0).forEach((known) => known.destroy());
    Object.assign(Chart.defaults, { color: variable("--body-quiet-color"), borderColor: variable("--hairline-color"), animation: false, maintainAspectRatio: false });
    Chart.defaults.font.family = variable("--font-family-primary");
    const { hours, done, failed, taken, refused } = JSON.parse(document.getElementById("series").textContent);
    bars("documents", hours, { label: "Done", counts: done }, { label: "Failed", counts: failed });
    bars("webhooks", hours, { label: "Taken", counts: taken }, { label: "Not taken", counts: refused });
}

document.addEventListener("DOMContentLoaded", () => {
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    setInterval(() => document.hidden || location.reload(), 1000 * RELOAD_SECONDS);
});
